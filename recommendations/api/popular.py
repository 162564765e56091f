"""GET /products/popular: the products with most interactions, with all fields of the catalogue."""

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from access.permissions import sees_inactive_products
from access.policies import reads
from access.scopes import Scope
from access.throttle_scopes import RECOMMENDING
from catalog.api.payloads import Payload, product_payload
from core.api.query import whole_number
from core.api.views import StrictQuery
from recommendations import wiring
from recommendations.api import parameters, requests
from recommendations.api.requests import MAX_DEPTH, MAX_TOP_N
from recommendations.api.serializers import PopularList
from recommendations.serving.placements import PopularProduct
from recommendations.serving.request import RecommendationRequest

DEFAULT_TOP_N = 10
_TOP_N = {"type": "integer", "minimum": 1, "maximum": MAX_TOP_N, "default": DEFAULT_TOP_N}
_PARAMETERS = [
    OpenApiParameter("top_n", _TOP_N, description="The number of products."),
    OpenApiParameter("limit", _TOP_N, description="An alias of `top_n`. Do not send both."),
    parameters.OFFSET,
    parameters.CATEGORY,
]
_PARAMETER_NAMES = {parameter.name for parameter in _PARAMETERS}


class PopularViewSet(StrictQuery, ViewSet):
    """Popular products."""

    tags = ["recommendations"]
    operation_ids = {"list": "popular_products"}
    policies = reads(Scope.RECOMMEND_READ, shoppers=True)
    throttle_scopes = RECOMMENDING

    def known_parameters(self) -> set[str]:
        return _PARAMETER_NAMES

    def repeatable_parameters(self) -> set[str]:
        return {"category"}

    @extend_schema(parameters=_PARAMETERS, responses=PopularList)
    def list(self, request: Request) -> Response:
        """List the products with most interactions, not counting dismissals. Those without any come last.

        Inactive and sold-out products are left out. Reasons and scores are as in `/recommend`.
        """
        query, state = _request(request), wiring.shop_state()
        model = wiring.resolve_model_ref(wiring.config().default_strategy, state.active)
        found = wiring.placements(state).popular(query, model)
        for_staff = sees_inactive_products(request)
        return Response(
            {"count": len(found), "products": [_payload(popular, for_staff=for_staff) for popular in found]}
        )


def _request(request: Request) -> RecommendationRequest:
    """Return the request in the query string. Raises ValidationError or BadRequest."""
    query = request.query_params
    if "limit" in query and "top_n" in query:
        raise ValidationError({"limit": ["An alias of top_n; send only one of them."]})
    top_n = whole_number(
        query, "limit" if "limit" in query else "top_n", default=DEFAULT_TOP_N, high=MAX_TOP_N
    )
    offset = whole_number(query, "offset", default=0, low=0, high=MAX_DEPTH - top_n)
    return RecommendationRequest(top_n=top_n, offset=offset, categories=requests.categories(query))


def _payload(popular: PopularProduct, *, for_staff: bool) -> Payload:
    n = popular.n_interactions
    return {
        **product_payload(popular.product, for_staff=for_staff, now=timezone.now()),
        "interaction_count": n,
        "score": 0.0,
        "reasons": [{"kind": "popular", "value": n, "points": 0.0}],
    }
