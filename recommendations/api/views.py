"""GET /recommend/{user_id}: what to show a shopper next, and why."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.api.ids import lookup
from recommendations import wiring
from recommendations.api.inputs import RecommendInput
from recommendations.selectors.shoppers import shopper
from recommendations.services.explaining import explained
from recommendations.services.payload import payload
from recommendations.services.shelf import Ask


class RecommendView(APIView):
    def get(self, request: Request, user_id: str) -> Response:
        """Return the shopper's list, best first, with the reasons of each product, and words for it."""
        wanted = RecommendInput(data=request.query_params.dict())
        wanted.is_valid(raise_exception=True)
        ask = Ask(
            shopper=shopper(lookup(user_id)),
            top_n=wanted.validated_data["top_n"],
            strategy=wiring.config().default_strategy,
        )
        shelf = wiring.recommender()(ask)
        return Response(payload(shelf, explained(shelf, wiring.explainer())))
