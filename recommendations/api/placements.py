"""The placements of a shop besides each shopper's own list."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from access.permissions import knows_inactive
from access.policies import Policy, reads
from access.scopes import Scope
from access.throttle_scopes import RECOMMENDING, ThrottleScope, posting
from core.api.ids import lookup
from core.api.viewsets import StrictQuery
from recommendations import wiring
from recommendations.api import parameters, requests
from recommendations.api.requests import Asked
from recommendations.api.serializers import PlacementRow, SessionInput
from recommendations.selectors.named_rows import product_id
from recommendations.selectors.shoppers import shopper
from recommendations.serving.display import Page
from recommendations.serving.naming import product_ids

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


def _page(wanted: Asked, request: Request) -> Page:
    filters = wanted.filters(inactive_too=knows_inactive(request))
    return Page(wanted.top_n, wanted.offset, filters, wanted.diversity)


class TrendingViewSet(PlacementViewSet):
    """What everybody meets lately."""

    @_answers
    def list(self, request: Request) -> Response:
        """Return what everybody meets lately, the same to whoever asks; popular products fill it up."""
        page = _page(requests.of_query(request.query_params), request)
        return Response(wiring.placements().trending(wiring.model_ref("trending"), page).payload())


class SimilarViewSet(PlacementViewSet):
    """What is like a product."""

    @_answers
    def list(self, request: Request, id: str) -> Response:
        """Return what is like the product: in category and tags, and in who met it.

        What is not like it in any way is not shown, so the list may be short.
        """
        page, key = _asked_about(request, id)
        display = wiring.placements().similar(wiring.model_ref("content"), wiring.behaviour(), key, page)
        return Response(display.payload())


class BoughtTogetherViewSet(PlacementViewSet):
    """What is bought along with a product."""

    @_answers
    def list(self, request: Request, id: str) -> Response:
        """Return what is in the same baskets more often than chance would have it, by lift.

        Learned ahead by `train_models`; empty while no model of the strategy `together` is active.
        """
        page, key = _asked_about(request, id)
        return Response(
            wiring.placements().bought_together(wiring.model_ref("together"), key, page).payload()
        )


def _asked_about(request: Request, id: str) -> tuple[Page, int]:
    """Return what is wanted, and the product that it is wanted for. Raises UnknownProduct."""
    wanted = requests.of_query(request.query_params)
    return _page(wanted, request), product_id(lookup(id), inactive_too=knows_inactive(request))


class BuyAgainViewSet(PlacementViewSet):
    """What a shopper buys again and again."""

    policies = reads(Scope.RECOMMEND_READ, own="user_id")

    @_answers
    def list(self, request: Request, user_id: str) -> Response:
        """Return what the shopper bought on two or more days, by how due it is.

        The score is the days since the last time ÷ the median gap: at 1 and above it is due.
        """
        page = _page(requests.of_query(request.query_params), request)
        person = shopper(lookup(user_id))
        display = wiring.placements().buy_again(
            wiring.model_ref(wiring.config().default_strategy), person.id, page
        )
        return Response(display.payload())


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
        wanted = requests.of_body(request.data, known=_IN_SESSION)
        given = requests.needed(wanted.product_ids, "product_ids")
        ids = product_ids("product_ids", given, inactive_too=knows_inactive(request))
        display = wiring.placements().session(wanted.chosen(), ids, _page(wanted, request))
        return Response(display.payload())
