"""POST /token/shopper: what a shop's server gets for a shopper's browser."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from access.policies import Policy
from access.scopes import Scope
from access.services.tokens import shopper_token
from access.throttle_scopes import ThrottleScope, posting
from catalog import selectors
from catalog.api.inputs import Input
from core.api.serializers import Reference, Row
from core.api.viewsets import StrictQuery
from core.references import BadReference, as_lookup, read_reference


class ShopperReference(Reference):
    """Read as the path's ids are."""

    def to_internal_value(self, data: Any) -> dict[str, int | str]:
        try:
            return as_lookup(read_reference(data))
        except BadReference as error:
            raise serializers.ValidationError(str(error)) from error


class ShopperInput(Input):
    """Whose token it shall be."""

    user = ShopperReference(help_text="A number, or `ext:<external id>`.")


class ShopperTokenRow(Row):
    access = serializers.CharField(help_text="For the browser: `Authorization: Bearer <access>`.")
    expires_in = serializers.IntegerField(help_text="How many seconds it lives.")
    user_id = serializers.IntegerField()


class ShopperTokenViewSet(StrictQuery, ViewSet):
    """Tokens of shoppers. Their browsers read with them, and can do nothing else."""

    policies = {"POST": Policy(Scope.TOKENS_ISSUE, staff=False)}
    throttle_scopes = posting(ThrottleScope.TOKEN)
    also_answers = ("404",)

    @extend_schema(request=ShopperInput, responses={200: ShopperTokenRow})
    def create(self, request: Request) -> Response:
        """Return a token that reads what concerns this shopper, and the catalogue.

        It lives as briefly as any and is not refreshed: ask for the next one.
        """
        sent = ShopperInput(data=request.data)
        sent.is_valid(raise_exception=True)
        user = selectors.shoppers().filter(**sent.validated_data["user"]).first()
        if user is None:
            raise NotFound("There is no such shopper.")
        token = shopper_token(user.pk, user.external_id)
        lives = int(type(token).lifetime.total_seconds())  # type: ignore[union-attr]
        answer = {"access": str(token), "expires_in": lives, "user_id": user.pk}
        return Response(answer, headers={"Cache-Control": "no-store"})
