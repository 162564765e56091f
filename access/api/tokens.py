"""/token: log in, refresh, verify a token, log out."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth import authenticate
from django.contrib.auth.signals import user_logged_in
from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import AuthenticationFailed, ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from access.api.inputs import PairRow, PasswordInput, RefreshInput, StandingRow, TokenInput
from access.authentication import CHALLENGE
from access.errors import BadCredential
from access.services import logins, tokens
from access.throttle_scopes import ThrottleScope, ThrottleScopes, posting
from core.api.serializers import validated
from core.api.views import ApiView

# The same message for a wrong password, an unknown username and a disabled account.
WRONG_CREDENTIALS = "No active account has this username and password."
PRIVATE = {"Cache-Control": "no-store"}


class TokenView(ApiView):
    """Base of the token views. The body holds the credentials, and no error repeats what was sent."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_scopes: ThrottleScopes = posting(ThrottleScope.TOKEN)
    hides_values = True
    takes_credentials = True
    # A password takes long to check, and a refused token may end a login: see committed().
    is_atomic = False

    def get_authenticate_header(self, request: Request) -> str:
        return CHALLENGE

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.query_params:
            raise ValidationError("This endpoint takes no query parameters; send secrets in the body.")

    def validated(self, serializer_class: type[Serializer[Any]], request: Request) -> dict[str, str]:
        return validated(serializer_class(data=request.data))

    def committed(self, request: Request, answer: Callable[[], Response]) -> HttpResponse:
        """Return the rendered response of answer(), made in one transaction with what it tells.

        Raises AuthenticationFailed for a BadCredential. Logins that it has ended stay so.
        """
        with transaction.atomic():
            try:
                return self.rendered(request, answer())
            except BadCredential as error:
                refusal = str(error)
        raise AuthenticationFailed(refusal)


class ObtainView(TokenView):
    body_examples = {"": {"username": "ada", "password": "the password of a staff account"}}
    throttle_scopes: ThrottleScopes = {"GET": ThrottleScope.TOKEN, "POST": ThrottleScope.LOGIN}

    @extend_schema(operation_id="log_in", tags=["tokens"], request=PasswordInput, responses=PairRow)
    def post(self, request: Request) -> HttpResponse:
        """Log in with an account's username and password. Staff get a staff token, others a shopper's token.

        Too many logins, and too many wrong passwords for a username from one address, result in 429 with
        `Retry-After`.
        """
        sent = self.validated(PasswordInput, request)
        # Django's own request: axes sets attributes on it, and its middleware answers locked-out clients.
        account = authenticate(request._request, username=sent["username"], password=sent["password"])
        if account is None:
            raise AuthenticationFailed(WRONG_CREDENTIALS)
        user_logged_in.send(sender=type(account), request=request._request, user=account)
        return self.committed(request, lambda: _pair(logins.log_in(account, now=timezone.now())))


class RefreshView(TokenView):
    body_examples = {"": {"refresh": "the `refresh` of /token"}}

    @extend_schema(operation_id="refresh_token", tags=["tokens"], request=RefreshInput, responses=PairRow)
    def post(self, request: Request) -> HttpResponse:
        """Return the next pair of tokens. A refresh token works once; using it again ends the login."""
        sent = self.validated(RefreshInput, request)
        return self.committed(request, lambda: _pair(logins.refresh(sent["refresh"], now=timezone.now())))


class VerifyView(TokenView):
    body_examples = {"": {"token": "the `access` of /token"}}

    @extend_schema(operation_id="verify_token", tags=["tokens"], request=TokenInput, responses=StandingRow)
    def post(self, request: Request) -> Response:
        """Return the type of a token and the seconds until it expires, or 401 if it is invalid."""
        sent, now = self.validated(TokenInput, request), timezone.now()
        try:
            token = tokens.read(tokens.AnyToken, sent["token"])
        except BadCredential as error:
            raise AuthenticationFailed(str(error)) from None
        if token.get("token_type") == "refresh" and not logins.is_valid(token):
            raise AuthenticationFailed(logins.ENDED)
        state = {"token_type": token["token_type"], "expires_in": tokens.seconds_left(token, now)}
        return Response(state, headers=PRIVATE)


class LogoutView(TokenView):
    body_examples = {"": {"refresh": "the `refresh` of /token"}}

    @extend_schema(operation_id="log_out", tags=["tokens"], request=RefreshInput, responses={204: None})
    def post(self, request: Request) -> HttpResponse:
        """End the login: its refresh token no longer works. Access tokens stay valid until they expire."""
        sent = self.validated(RefreshInput, request)

        def answer() -> Response:
            logins.log_out(sent["refresh"], now=timezone.now())
            return Response(status=status.HTTP_204_NO_CONTENT, headers=PRIVATE)

        return self.committed(request, answer)


def _pair(pair: logins.Pair) -> Response:
    body = {"access": pair.access, "refresh": pair.refresh, "expires_in": pair.expires_in}
    return Response(body, headers=PRIVATE)
