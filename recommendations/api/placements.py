"""Placements: recommendation lists other than the shopper's own list."""

import time
from functools import partial

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from access.permissions import sees_inactive_products
from access.policies import Policy, reads
from access.scopes import Scope
from access.throttle_scopes import RECOMMENDING, ThrottleScope, posting
from core.api.query import lookup
from core.api.views import StrictQuery
from recommendations import wiring
from recommendations.api import parameters, requests
from recommendations.api.merged import current_user
from recommendations.api.serializers import PlacementRow, SessionInput
from recommendations.errors import UnknownShopper
from recommendations.selectors.shoppers import shopper
from recommendations.serving.request import RecommendationRequest
from recommendations.serving.state import ShopState

_PARAMETERS = [*parameters.PAGE, *parameters.FILTERS, parameters.FIELDS]
_PARAMETER_NAMES = {parameter.name for parameter in _PARAMETERS}
_SESSION_FIELDS = tuple(SessionInput().get_fields())
_placement_schema = extend_schema(parameters=_PARAMETERS, responses=PlacementRow)


class PlacementViewSet(StrictQuery, ViewSet):
    """Base class of placements, with their common parameters."""

    tags = ["recommendations"]
    policies = reads(Scope.RECOMMEND_READ, shoppers=True)
    throttle_scopes = RECOMMENDING

    def known_parameters(self) -> set[str]:
        return _PARAMETER_NAMES

    def repeatable_parameters(self) -> set[str]:
        return requests.REPEATABLE

    def recommendation_request(self) -> RecommendationRequest:
        """Return the request in the query string. Raises BadRequest."""
        return requests.from_query(
            self.request.query_params, sees_inactive_products=partial(sees_inactive_products, self.request)
        )

    def state_and_product(self, id: str) -> tuple[ShopState, int]:
        """Return the state of the shop, and the id of the product in the path. 1 query.

        Raises NotFound and UnknownProduct.
        """
        (named,) = lookup(id).items()
        state = wiring.shop_state(named)
        return state, state.product_id(named, include_inactive=sees_inactive_products(self.request))


class TrendingViewSet(PlacementViewSet):
    """Trending products."""

    operation_ids = {"list": "trending_products"}

    @_placement_schema
    def list(self, request: Request) -> Response:
        """Return the products with most recent interactions, the same for everybody.

        Popular products fill up a short list.
        """
        query, state = self.recommendation_request(), wiring.shop_state()
        found = wiring.placements(state).trending(query, wiring.resolve_model_ref("trending", state.active))
        return Response(found.payload(query.fields))


class SimilarViewSet(PlacementViewSet):
    """Products similar to a product."""

    operation_ids = {"list": "similar_products"}

    @_placement_schema
    def list(self, request: Request, id: str) -> Response:
        """Return similar products: of its category, with its tags, or that the same shoppers interacted with.

        Products that have nothing in common with it are left out, so the list may be short.
        """
        query = self.recommendation_request()
        state, product_id = self.state_and_product(id)
        content = wiring.resolve_model_ref("content", state.active)
        behaviour = wiring.behaviour_model(state.active)
        found = wiring.placements(state).similar(query, content, behaviour, product_id)
        return Response(found.payload(query.fields))


class BoughtTogetherViewSet(PlacementViewSet):
    """Products bought together with a product."""

    operation_ids = {"list": "bought_together"}

    @_placement_schema
    def list(self, request: Request, id: str) -> Response:
        """Return products that are in the same baskets more often than by chance, ordered by lift.

        `train_models` trains the model ahead. The list is empty while the strategy `together` has no active
        model.
        """
        query = self.recommendation_request()
        state, product_id = self.state_and_product(id)
        model = wiring.resolve_model_ref("together", state.active)
        found = wiring.placements(state).bought_together(query, model, product_id)
        return Response(found.payload(query.fields))


class BuyAgainViewSet(PlacementViewSet):
    """Products that a shopper buys regularly."""

    operation_ids = {"list": "buy_again"}
    policies = reads(Scope.RECOMMEND_READ, own="user_id")

    @_placement_schema
    def list(self, request: Request, user_id: str) -> Response:
        """Return products that the shopper bought on two or more days, the most due first.

        The score is the number of days since the last purchase ÷ the median gap between purchases. A product
        is due from 1 on.
        """
        query = self.recommendation_request()
        try:
            user = shopper(lookup(user_id))
        except UnknownShopper:
            current = current_user(request, user_id)
            if current is None:
                raise
            user = shopper({"pk": current})
        state = wiring.shop_state()
        model = wiring.resolve_model_ref(wiring.config().default_strategy, state.active)
        found = wiring.placements(state).buy_again(query, model, user.id, int(time.time()))
        return Response(found.payload(query.fields))


class SessionViewSet(StrictQuery, ViewSet):
    """Recommendations for an anonymous visitor."""

    tags = ["recommendations"]
    operation_ids = {"create": "recommend_session"}
    body_examples = {"create": {"product_ids": ["ext:2383", "ext:12"], "top_n": 5}}
    # It reads with POST, because the products may be too many for a URL.
    policies = {"POST": Policy(Scope.RECOMMEND_READ, shoppers=True, is_open=True)}
    throttle_scopes = posting(ThrottleScope.SESSION)
    is_atomic = False

    @extend_schema(request=SessionInput, responses={200: PlacementRow})
    def create(self, request: Request) -> Response:
        """Return recommendations for a visitor who has seen these products.

        Nothing is stored, and no user is created. The permission is the same as for reading.
        """
        session = requests.from_body(
            request.data,
            fields=_SESSION_FIELDS,
            sees_inactive_products=partial(sees_inactive_products, request),
        )
        requests.require_products(session)
        state = wiring.shop_state()
        model = wiring.resolve_model_ref(session.strategy, state.active)
        return Response(wiring.placements(state).session(session, model).payload(session.fields))
