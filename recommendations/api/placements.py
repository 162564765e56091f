"""The placements of a shop besides each shopper's own list."""

from functools import partial

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from access.permissions import knows_inactive
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

_PARAMETERS = [*parameters.PAGE, *parameters.NARROWING]
_KNOWN = {parameter.name for parameter in _PARAMETERS}
_IN_SESSION = tuple(SessionInput().fields)
_answers = extend_schema(parameters=_PARAMETERS, responses=PlacementRow)


class PlacementViewSet(StrictQuery, ViewSet):
    """Takes the parameters that every placement has."""

    policies = reads(Scope.RECOMMEND_READ, shoppers=True)
    throttle_scopes = RECOMMENDING

    def known_parameters(self) -> set[str]:
        return _KNOWN

    def repeatable_parameters(self) -> set[str]:
        return requests.REPEATABLE

    def wanted(self) -> RecommendationRequest:
        """Return what the query asks for. Raises BadRequest."""
        return requests.of_query(
            self.request.query_params, knows_inactive=partial(knows_inactive, self.request)
        )

    def product_id(self, id: str) -> int:
        """Return the id of the product in the path. 1 query. Raises NotFound and UnknownProduct."""
        return product_id(lookup(id), inactive_too=knows_inactive(self.request))


class TrendingViewSet(PlacementViewSet):
    """What everybody meets lately."""

    @_answers
    def list(self, request: Request) -> Response:
        """Return what everybody meets lately, the same to whoever asks; popular products fill it up."""
        found = wiring.placements().trending(self.wanted(), wiring.model_ref("trending"))
        return Response(found.payload())


class SimilarViewSet(PlacementViewSet):
    """What is like a product."""

    @_answers
    def list(self, request: Request, id: str) -> Response:
        """Return what is like the product: in category and tags, and in who met it.

        What is not like it in any way is not shown, so the list may be short.
        """
        found = wiring.placements().similar(
            self.wanted(), wiring.model_ref("content"), wiring.behaviour(), self.product_id(id)
        )
        return Response(found.payload())


class BoughtTogetherViewSet(PlacementViewSet):
    """What is bought along with a product."""

    @_answers
    def list(self, request: Request, id: str) -> Response:
        """Return what is in the same baskets more often than chance would have it, by lift.

        Learned ahead by `train_models`; empty while no model of the strategy `together` is active.
        """
        found = wiring.placements().bought_together(
            self.wanted(), wiring.model_ref("together"), self.product_id(id)
        )
        return Response(found.payload())


class BuyAgainViewSet(PlacementViewSet):
    """What a shopper buys again and again."""

    policies = reads(Scope.RECOMMEND_READ, own="user_id")

    @_answers
    def list(self, request: Request, user_id: str) -> Response:
        """Return what the shopper bought on two or more days, by how due it is.

        The score is the days since the last time ÷ the median gap: at 1 and above it is due.
        """
        wanted, user = self.wanted(), shopper(lookup(user_id))
        model = wiring.model_ref(wiring.config().default_strategy)
        return Response(wiring.placements().buy_again(wanted, model, user.id).payload())


class SessionViewSet(StrictQuery, ViewSet):
    """What suits an anonymous visitor."""

    # It reads by POST, because its question would be too long for an address.
    policies = {"POST": Policy(Scope.RECOMMEND_READ, shoppers=True, is_open=True)}
    throttle_scopes = posting(ThrottleScope.SESSION)

    @extend_schema(request=SessionInput, responses={200: PlacementRow})
    def create(self, request: Request) -> Response:
        """Return what suits a visitor who has met these products. Nothing is stored; no user is made.

        Whoever may read may ask.
        """
        wanted = requests.of_body(
            request.data, known=_IN_SESSION, knows_inactive=partial(knows_inactive, request)
        )
        requests.require_products(wanted)
        return Response(wiring.placements().session(wanted, wiring.model_ref(wanted.strategy)).payload())
