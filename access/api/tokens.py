"""/token: log in for a pair of tokens, go on with it, look at one, log out."""

from typing import Any

from django.contrib.auth import authenticate
from django.contrib.auth.signals import user_logged_in
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import AuthenticationFailed, ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from access.api.inputs import PairRow, PasswordInput, RefreshInput, StandingRow, TokenInput
from access.authentication import CHALLENGE
from access.errors import BadCredential
from access.services import logins, tokens
from access.throttle_scopes import ThrottleScope, posting

# The same for a wrong password, a username that nobody has, and somebody who is disabled.
WRONG = "No active account has this username and password."
PRIVATE = {"Cache-Control": "no-store"}


class TokenView(APIView):
    """Open to everybody: the body shows who it is. No error tells what was sent."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_scopes = posting(ThrottleScope.TOKEN)
    hides_values = True
    takes_credentials = True

    def get_authenticate_header(self, request: Request) -> str:
        return CHALLENGE

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.query_params:
            raise ValidationError("There are no parameters here; what is secret belongs into the body.")

    def checked(self, body: type[Serializer[Any]], request: Request) -> dict[str, str]:
        sent = body(data=request.data)
        sent.is_valid(raise_exception=True)
        values: dict[str, str] = sent.validated_data
        return values


class ObtainView(TokenView):
    @extend_schema(operation_id="token_obtain", tags=["token"], request=PasswordInput, responses=PairRow)
    def post(self, request: Request) -> Response:
        """Log in with an account's username and password. Staff get a staff token, others their shopper's.

        Too many wrong passwords for a username from one address are answered with 429 and `Retry-After`.
        """
        sent = self.checked(PasswordInput, request)
        # Django's own request: axes leaves its marks on it, and its middleware answers who is locked out.
        account = authenticate(request._request, username=sent["username"], password=sent["password"])
        if account is None:
            raise AuthenticationFailed(WRONG)
        user_logged_in.send(sender=type(account), request=request._request, user=account)
        try:
            return _pair(logins.log_in(account, now=timezone.now()))
        except BadCredential as error:
            raise AuthenticationFailed(str(error)) from None


class RefreshView(TokenView):
    @extend_schema(operation_id="token_refresh", tags=["token"], request=RefreshInput, responses=PairRow)
    def post(self, request: Request) -> Response:
        """Return the next pair. The refresh token is used up; shown again, it ends the log-in."""
        sent = self.checked(RefreshInput, request)
        try:
            return _pair(logins.refresh(sent["refresh"], now=timezone.now()))
        except BadCredential as error:
            raise AuthenticationFailed(str(error)) from None


class VerifyView(TokenView):
    @extend_schema(operation_id="token_verify", tags=["token"], request=TokenInput, responses=StandingRow)
    def post(self, request: Request) -> Response:
        """Say of what kind a token is and how long it lives, or answer 401 when it is not good."""
        sent, now = self.checked(TokenInput, request), timezone.now()
        try:
            token = tokens.read(tokens.AnyToken, sent["token"])
        except BadCredential as error:
            raise AuthenticationFailed(str(error)) from None
        if token.get("token_type") == "refresh" and not logins.is_good(token):
            raise AuthenticationFailed(logins.OVER)
        standing = {"token_type": token["token_type"], "expires_in": tokens.seconds_left(token, now)}
        return Response(standing, headers=PRIVATE)


class LogoutView(TokenView):
    @extend_schema(operation_id="token_logout", tags=["token"], request=RefreshInput, responses={204: None})
    def post(self, request: Request) -> Response:
        """End the log-in: its refresh token is refused from now on. Access tokens live out their minutes."""
        sent = self.checked(RefreshInput, request)
        try:
            logins.log_out(sent["refresh"], now=timezone.now())
        except BadCredential as error:
            raise AuthenticationFailed(str(error)) from None
        return Response(status=status.HTTP_204_NO_CONTENT, headers=PRIVATE)


def _pair(pair: logins.Pair) -> Response:
    answer = {"access": pair.access, "refresh": pair.refresh, "expires_in": pair.expires_in}
    return Response(answer, headers=PRIVATE)
