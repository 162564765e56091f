"""POST /recommend/batch: the lists of up to 1,000 shoppers at once, for mailings."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import orjson
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.viewsets import ViewSet

from access.permissions import sees_inactive_products
from access.policies import Policy
from access.scopes import Scope
from access.throttle_scopes import ThrottleScope, posting
from core.api.responses import OrjsonRenderer, to_json
from core.api.views import StrictQuery
from recommendations import wiring
from recommendations.api import requests
from recommendations.api.serializers import BatchInput, BatchList
from recommendations.errors import BadRequest, UnknownShopper
from recommendations.explainers.template import TemplateExplainer
from recommendations.explaining.inline import evidence
from recommendations.selectors.shoppers import Shopper, shoppers_named
from recommendations.serving.many import ManyRecommender
from recommendations.serving.request import RecommendationRequest
from recommendations.serving.results import ModelRef, payload
from recommendations.serving.state import ShopState

MAX_PRODUCTS = 20_000  # of all lists together
_FIELDS = tuple(BatchInput().get_fields())


class RecommendBatchViewSet(StrictQuery, ViewSet):
    """Recommendations for many shoppers at once."""

    tags = ["recommendations"]
    operation_ids = {"create": "recommend_batch"}
    body_examples = {"create": {"user_ids": ["ext:12347"], "top_n": 3}}
    # It reads with POST, because the shoppers may be too many for a URL.
    policies = {"POST": Policy(Scope.RECOMMEND_READ, is_open=True)}
    throttle_scopes = posting(ThrottleScope.BULK)
    is_atomic = False

    @extend_schema(request=BatchInput, responses={200: BatchList})
    def create(self, request: Request) -> HttpResponse:
        """Return the lists of 1 to 1,000 shoppers, computed now, in the order of the request.

        Each is as `/recommend/{user_id}` returns it when there is no stored list, with the template's
        explanation. `status` is 404 for a shopper who does not exist; the others are answered.
        """
        asked = requests.from_body(
            request.data, fields=_FIELDS, sees_inactive_products=partial(sees_inactive_products, request)
        )
        _check_size(asked)
        state = wiring.shop_state()
        model = wiring.resolve_model_ref(asked.strategy, state.active)
        found = shoppers_named(asked.user_ids)
        parts = dict(_rendered(asked, found, state, model))
        results = [parts[found[user].id] if user in found else _missing(user) for user in asked.user_ids]
        n_unknown = sum(user not in found for user in asked.user_ids)
        head = {"count": len(results), "unknown": n_unknown}
        body = to_json({**head, "results": [orjson.Fragment(part) for part in results]})
        return HttpResponse(body, content_type=OrjsonRenderer.media_type)


def _check_size(request: RecommendationRequest) -> None:
    """Raise BadRequest for no shoppers, and for more products than an answer may hold."""
    if not request.user_ids:
        message = f"Is missing; must be a list of 1 to {requests.MAX_USERS:,} users."
        raise BadRequest({"field": "user_ids", "value": None, "message": message})
    if len(request.user_ids) * request.top_n > MAX_PRODUCTS:
        most = MAX_PRODUCTS // len(request.user_ids)
        message = (
            f"Must be at most {most} for {len(request.user_ids):,} users: an answer has at most "
            f"{MAX_PRODUCTS:,} products."
        )
        raise BadRequest({"field": "top_n", "value": request.top_n, "message": message})


def _rendered(
    request: RecommendationRequest,
    found: Mapping[int | str, Shopper],
    state: ShopState,
    model: ModelRef,
) -> Iterator[tuple[int, bytes]]:
    """Yield the id of each shopper and their list as JSON, which is smaller than as objects."""
    by_id = {one.id: one for one in found.values()}
    shoppers = [by_id[id] for id in sorted(by_id)]
    recommend, explain = ManyRecommender(wiring.history_cache()), TemplateExplainer()
    for one in recommend(request, shoppers, state, model):
        fields: dict[str, Any] = payload(one, explain.explain(evidence(one)), shown=request.fields)
        if one.fallback and wiring.lacks_model(model):
            fields["untrained"] = True
        yield one.shopper.id, to_json({"status": 200, "recommendations": fields})


def _missing(user: int | str) -> bytes:
    detail = str(UnknownShopper(f"ext:{user}" if isinstance(user, str) else str(user)))
    return to_json({"status": 404, "detail": detail})
