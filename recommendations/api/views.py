"""GET /recommend/{user_id}: what to show a shopper next, and why."""

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from catalog.api.ids import lookup
from catalog.api.query import whole_number
from catalog.api.viewsets import StrictQuery
from recommendations import wiring
from recommendations.api.rows import RecommendationRow
from recommendations.selectors.shoppers import shopper
from recommendations.services.explaining import explained
from recommendations.services.payload import payload
from recommendations.services.shelf import Ask

MOST = 100
DEFAULT = 5
TOP_N = OpenApiParameter(
    "top_n",
    {"type": "integer", "minimum": 1, "maximum": MOST, "default": DEFAULT},
    description="How many products.",
)


class RecommendViewSet(StrictQuery, ViewSet):
    """What to show a shopper next, and why."""

    lookup_url_kwarg = "user_id"
    lookup_value_regex = "[^/]+"

    def known_parameters(self) -> set[str]:
        return {"top_n"}

    @extend_schema(parameters=[TOP_N], responses=RecommendationRow)
    def retrieve(self, request: Request, user_id: str) -> Response:
        """Return the shopper's list, best first, with the reasons of each product, and words for it."""
        top_n = whole_number(request.query_params, "top_n", default=DEFAULT, high=MOST)
        ask = Ask(shopper(lookup(user_id)), top_n, wiring.chosen())
        shelf = wiring.recommender()(ask)
        return Response(payload(shelf, explained(shelf, wiring.explainer())))
