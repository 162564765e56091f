"""GET /recommend/{user_id}: what to show a shopper next, and why."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from catalog.api.ids import lookup
from catalog.api.viewsets import StrictQuery
from recommendations import wiring
from recommendations.api import asked, parameters
from recommendations.api.rows import RecommendationRow
from recommendations.selectors.shoppers import shopper
from recommendations.services.explaining import explained
from recommendations.services.payload import payload
from recommendations.services.shelf import Ask

_KNOWN = {parameter.name for parameter in parameters.EVERY}


class RecommendViewSet(StrictQuery, ViewSet):
    """What to show a shopper next, and why."""

    lookup_url_kwarg = "user_id"
    lookup_value_regex = "[^/]+"

    def known_parameters(self) -> set[str]:
        return _KNOWN

    def repeatable_parameters(self) -> set[str]:
        return asked.REPEATABLE

    @extend_schema(parameters=parameters.EVERY, responses=RecommendationRow)
    def retrieve(self, request: Request, user_id: str) -> Response:
        """Return the shopper's list, best first, with the reasons of each product, and words for it."""
        wanted = asked.of_query(request.query_params)
        ask = Ask(
            shopper=shopper(lookup(user_id)),
            top_n=wanted.top_n,
            chosen=wanted.chosen(),
            filters=wanted.filters(),
            diversity=wanted.diversity,
            offset=wanted.offset,
        )
        shelf = wiring.recommender()(ask)
        return Response(payload(shelf, explained(shelf, wiring.explainer())))
