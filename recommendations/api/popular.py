"""GET /products/popular: what has most interactions, in the shape of a product of the catalogue."""

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from access.permissions import knows_inactive
from access.policies import reads
from access.scopes import Scope
from access.throttle_scopes import RECOMMENDING
from catalog.api.payloads import Payload, product_payload
from core.api.query import whole_number
from core.api.viewsets import StrictQuery
from recommendations import wiring
from recommendations.api import parameters, requests
from recommendations.api.requests import DEEPEST, MOST
from recommendations.api.serializers import PopularList
from recommendations.serving import naming
from recommendations.serving.display import Page
from recommendations.serving.most_popular import PopularProduct

DEFAULT = 10
_HOW_MANY = {"type": "integer", "minimum": 1, "maximum": MOST, "default": DEFAULT}
_PARAMETERS = [
    OpenApiParameter("top_n", _HOW_MANY, description="How many."),
    OpenApiParameter("limit", _HOW_MANY, description="The same as `top_n`; give one of them."),
    parameters.OFFSET,
    parameters.CATEGORY,
]
_KNOWN = {parameter.name for parameter in _PARAMETERS}


class PopularViewSet(StrictQuery, ViewSet):
    """What has most interactions."""

    policies = reads(Scope.RECOMMEND_READ, shoppers=True)
    throttle_scopes = RECOMMENDING

    def known_parameters(self) -> set[str]:
        return _KNOWN

    def repeatable_parameters(self) -> set[str]:
        return {"category"}

    @extend_schema(parameters=_PARAMETERS, responses=PopularList)
    def list(self, request: Request) -> Response:
        """List the products with most interactions, dismissals apart; those without any come last.

        Inactive and sold out ones are left out. The reason and the score are as in `/recommend`.
        """
        found = wiring.placements().popular(
            wiring.model_ref(wiring.config().default_strategy), _page(request)
        )
        for_staff = knows_inactive(request)
        return Response(
            {"count": len(found), "products": [_payload(counted, for_staff=for_staff) for counted in found]}
        )


def _page(request: Request) -> Page:
    """Return what is wanted. Raises ValidationError or BadAsk."""
    sent = request.query_params
    if "limit" in sent and "top_n" in sent:
        raise ValidationError({"limit": ["Means the same as top_n; give one of them."]})
    top_n = whole_number(sent, "limit" if "limit" in sent else "top_n", default=DEFAULT, high=MOST)
    offset = whole_number(sent, "offset", default=0, low=0, high=DEEPEST - top_n)
    named = requests.categories(sent)
    return Page(top_n, offset, naming.filters(categories=named, inactive_too=knows_inactive(request)))


def _payload(counted: PopularProduct, *, for_staff: bool) -> Payload:
    n = counted.n_interactions
    return {
        **product_payload(counted.product, for_staff=for_staff),
        "interaction_count": n,
        "score": 0.0,
        "reasons": [{"kind": "popular", "value": n, "points": 0.0}],
    }
