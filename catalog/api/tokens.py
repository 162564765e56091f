"""POST /token/shopper: tokens that a shop's server requests for the browsers of its users."""

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
from catalog import merged_users
from catalog.api.inputs import Input, ReferenceField
from core.api.serializers import Row, validated
from core.api.views import StrictQuery


class ShopperInput(Input):
    """The user to issue a token for."""

    user = ReferenceField()


class ShopperTokenRow(Row):
    access = serializers.CharField(help_text="The browser sends it as `Authorization: Bearer <access>`.")
    expires_in = serializers.IntegerField(help_text="The token's lifetime in seconds.")
    user_id = serializers.IntegerField()


class ShopperTokenViewSet(StrictQuery, ViewSet):
    """A shopper token gives a browser read access to its user's data and the catalogue, and nothing else."""

    tags = ["tokens"]
    operation_ids = {"create": "issue_shopper_token"}
    body_examples = {"create": {"user": "ext:12347"}}
    policies = {"POST": Policy(Scope.TOKENS_ISSUE, staff=False)}
    throttle_scopes = posting(ThrottleScope.TOKEN)
    also_answers = ("404",)
    is_atomic = False  # nothing is stored

    @extend_schema(request=ShopperInput, responses={200: ShopperTokenRow})
    def create(self, request: Request) -> Response:
        """Return a read-only token for one user's data and the catalogue.

        It has the lifetime of any access token and cannot be refreshed; request a new one instead.
        """
        sent = validated(ShopperInput(data=request.data))
        user = merged_users.find_user(sent["user"])
        if user is None:
            raise NotFound("There is no such user.")
        token = shopper_token(user.pk, user.external_id)
        lifetime = int(type(token).lifetime.total_seconds())  # type: ignore[union-attr]
        answer = {"access": str(token), "expires_in": lifetime, "user_id": user.pk}
        return Response(answer, headers={"Cache-Control": "no-store"})
