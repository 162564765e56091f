"""Placements: recommendation lists other than the shopper's own list."""

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
from core.api.viewsets import StrictQuery
from recommendations import wiring
from recommendations.api import parameters, requests
from recommendations.api.serializers import PlacementRow, SessionInput
from recommendations.selectors.named_rows import product_id
from recommendations.selectors.shoppers import shopper
from recommendations.serving.request import RecommendationRequest

_PARAMETERS = [*parameters.PAGE, *parameters.FILTERS]
_PARAMETER_NAMES = {parameter.name for parameter in _PARAMETERS}
_SESSION_FIELDS = tuple(SessionInput().fields)
_placement_schema = extend_schema(parameters=_PARAMETERS, responses=PlacementRow)


class PlacementViewSet(StrictQuery, ViewSet):
    """Base class of placements, with their common parameters."""

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

    def product_id(self, id: str) -> int:
        """Return the id of the product in the path. 1 query. Raises NotFound and UnknownProduct."""
        return product_id(lookup(id), include_inactive=sees_inactive_products(self.request))


class TrendingViewSet(PlacementViewSet):
    """Trending products."""

    @_placement_schema
    def list(self, request: Request) -> Response:
        """Return the products with most recent interactions, the same for everybody.

        Popular products fill up a short list.
        """
        found = wiring.placements().trending(self.recommendation_request(), wiring.model_ref("trending"))
        return Response(found.payload())


class SimilarViewSet(PlacementViewSet):
    """Products similar to a product."""

    @_placement_schema
    def list(self, request: Request, id: str) -> Response:
        """Return products that share its category or tags, or that the same shoppers interacted with.

        Products that have nothing in common with it are left out, so the list may be short.
        """
        found = wiring.placements().similar(
            self.recommendation_request(),
            wiring.model_ref("content"),
            wiring.behaviour_model(),
            self.product_id(id),
        )
        return Response(found.payload())


class BoughtTogetherViewSet(PlacementViewSet):
    """Products bought together with a product."""

    @_placement_schema
    def list(self, request: Request, id: str) -> Response:
        """Return products that are in the same baskets more often than by chance, ordered by lift.

        `train_models` trains the model ahead. The list is empty while the strategy `together` has no active
        model.
        """
        found = wiring.placements().bought_together(
            self.recommendation_request(), wiring.model_ref("together"), self.product_id(id)
        )
        return Response(found.payload())


class BuyAgainViewSet(PlacementViewSet):
    """Products that a shopper buys regularly."""

    policies = reads(Scope.RECOMMEND_READ, own="user_id")

    @_placement_schema
    def list(self, request: Request, user_id: str) -> Response:
        """Return products that the shopper bought on two or more days, the most due first.

        The score is the number of days since the last purchase ÷ the median gap between purchases. A product
        is due from 1 on.
        """
        query, user = self.recommendation_request(), shopper(lookup(user_id))
        model = wiring.model_ref(wiring.config().default_strategy)
        return Response(wiring.placements().buy_again(query, model, user.id).payload())


class SessionViewSet(StrictQuery, ViewSet):
    """Recommendations for an anonymous visitor."""

    # It reads with POST, because the products may be too many for a URL.
    policies = {"POST": Policy(Scope.RECOMMEND_READ, shoppers=True, is_open=True)}
    throttle_scopes = posting(ThrottleScope.SESSION)

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
        return Response(wiring.placements().session(session, wiring.model_ref(session.strategy)).payload())
