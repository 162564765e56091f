"""Authentication by API key or token in the Authorization header, or by session."""

from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.utils import timezone
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from access.errors import BadCredential
from access.principals import KeyPrincipal, ShopperPrincipal, StaffPrincipal
from access.services.checking import key_caller
from access.services.tokens import token_caller

REALM = "shop-recommendations"
CHALLENGE = f'Bearer realm="{REALM}", Api-Key realm="{REALM}"'
Caller = KeyPrincipal | StaffPrincipal | ShopperPrincipal


class Credentials(SessionAuthentication):
    """Authenticate by `Authorization: Api-Key <key>` or `Authorization: Bearer <token>`, else by session.

    An invalid key or token is refused, even if the session or API_OPEN_READS would allow the request.
    """

    def authenticate(self, request: Request) -> tuple[AbstractBaseUser | Caller, Any] | None:
        header = request._request.META.get("HTTP_AUTHORIZATION")
        if header is None:
            return super().authenticate(request)
        scheme, _, credential = header.partition(" ")
        try:
            caller: Caller
            match scheme.lower():
                case "api-key":
                    caller = key_caller(credential.strip(), now=timezone.now())
                case "bearer":
                    caller = token_caller(credential.strip())
                case _:  # for a proxy in front, for example
                    return super().authenticate(request)
        except BadCredential as error:
            raise AuthenticationFailed(str(error)) from None
        return caller, caller

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE
