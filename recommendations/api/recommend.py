"""GET /recommend/{user_id}: recommendations for a shopper, with reasons."""

from dataclasses import replace
from functools import partial

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.viewsets import ViewSet

from access.permissions import sees_inactive_products
from access.policies import reads
from access.scopes import Scope
from access.throttle_scopes import RECOMMENDING
from core.api.query import reference
from core.api.responses import OrjsonRenderer, conditional
from core.api.views import StrictQuery
from recommendations import wiring
from recommendations.api import parameters, requests
from recommendations.api.merged import current_user
from recommendations.api.serializers import RecommendationRow
from recommendations.errors import UnknownShopper

_PARAMETER_NAMES = {parameter.name for parameter in parameters.ALL}


class RecommendViewSet(StrictQuery, ViewSet):
    """Recommendations for a shopper."""

    tags = ["recommendations"]
    operation_ids = {"retrieve": "recommend"}
    policies = reads(Scope.RECOMMEND_READ, own="user_id")
    throttle_scopes = RECOMMENDING
    conditional = frozenset({"retrieve"})
    lookup_url_kwarg = "user_id"
    lookup_value_regex = "[^/]+"

    def known_parameters(self) -> set[str]:
        return _PARAMETER_NAMES

    def repeatable_parameters(self) -> set[str]:
        return requests.REPEATABLE

    @extend_schema(parameters=parameters.ALL, responses=RecommendationRow)
    def retrieve(self, request: Request, user_id: str) -> HttpResponse:
        """Return the shopper's list, best first, with the reasons of each product and an explanation."""
        recommendation_request = replace(
            requests.from_query(
                request.query_params, sees_inactive_products=partial(sees_inactive_products, request)
            ),
            user=reference(user_id),
        )
        try:
            answer = wiring.response_cache()(recommendation_request)
        except UnknownShopper:
            current = current_user(request, user_id)
            if current is None:
                raise
            answer = wiring.response_cache()(replace(recommendation_request, user=current))
        response = HttpResponse(answer.body, content_type=OrjsonRenderer.media_type)
        response.strategy = answer.labels.strategy  # type: ignore[attr-defined]  # for the metrics of requests
        return conditional(request, response, answer.etag)
