"""Signs and reads tokens (JWT): three kinds, and the keys that older ones may still be signed with."""

import time
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.conf import settings
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError, TokenBackendExpiredToken, TokenError
from rest_framework_simplejwt.tokens import Token

from access.errors import BadCredential
from access.models import Account
from access.principals import ShopperPrincipal, StaffPrincipal

ALGORITHM = "HS256"
_MOST_KNOWN = 2_000
_known: dict[str, tuple["KeyRing", int, StaffPrincipal | ShopperPrincipal]] = {}  # token → keys, end, who


class KeyRing(TokenBackend):
    """Signs with the first key; reads what any of them has signed."""

    def __init__(self, first: str, *older: str) -> None:
        super().__init__(ALGORITHM, first)
        self.older = tuple(TokenBackend(ALGORITHM, key) for key in older)

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:
        try:
            return super().decode(token, verify)
        except TokenBackendExpiredToken:
            raise
        except TokenBackendError:
            for one in self.older:
                try:
                    return one.decode(token, verify)
                except TokenBackendExpiredToken:
                    raise
                except TokenBackendError:
                    continue
            raise


@lru_cache(maxsize=4)
def _ring(*keys: str) -> KeyRing:
    return KeyRing(*keys)


def _our_ring() -> KeyRing:
    return _ring(settings.JWT_SIGNING_KEY, *settings.JWT_VERIFYING_KEYS)


class OurToken(Token):
    """A token of ours; its keys are those of the settings now."""

    def get_token_backend(self) -> TokenBackend:
        return _our_ring()

    def set_iat(self, claim: str = "iat", at_time: datetime | None = None) -> None:
        """Leave it out: a server whose clock is behind would refuse what another one has just issued."""


class AccessToken(OurToken):
    """Of staff, and short: nobody is asked whether it still holds."""

    token_type = "access"  # noqa: S105  a kind, no secret
    lifetime = settings.ACCESS_TOKEN_LIFETIME


class ShopperToken(OurToken):
    """Of one shopper, as short."""

    token_type = "shopper"  # noqa: S105
    lifetime = settings.ACCESS_TOKEN_LIFETIME


class RefreshToken(OurToken):
    """Good once, for the next pair of tokens."""

    token_type = "refresh"  # noqa: S105
    lifetime = settings.REFRESH_TOKEN_LIFETIME


class AnyToken(OurToken):
    """Whatever kind it is."""

    token_type = "any"  # noqa: S105
    lifetime = timedelta(0)

    def verify_token_type(self) -> None:
        """Every kind will do."""


def read(kind: type[OurToken], text: str) -> OurToken:
    """Return the token that the text is. Raises BadCredential. Makes no query."""
    try:
        return kind(text)  # type: ignore[arg-type]
    except TokenError as error:
        raise BadCredential(f"{error}.") from None
    except (ValueError, TypeError, KeyError):  # claims that no token of ours has
        raise BadCredential("Token is invalid.") from None


def access_token(account: Account) -> OurToken:
    """Return the token that the account shows: its own for staff, its shopper's for others.

    Raises Account.shopper.RelatedObjectDoesNotExist for an account of neither. 1 query at most.
    """
    if not (account.is_staff or account.is_superuser):
        return shopper_token(account.shopper.pk, account.shopper.external_id)
    token = AccessToken()
    token["user_id"] = str(account.pk)
    token["staff"], token["superuser"] = account.is_staff, account.is_superuser
    return token


def shopper_token(user_id: int, external_id: str | None) -> OurToken:
    """Return a token that reads what concerns this shopper. The caller sees to it that they are one."""
    token = ShopperToken()
    token["user_id"], token["ext"] = str(user_id), external_id
    return token


def token_caller(text: str) -> StaffPrincipal | ShopperPrincipal:
    """Return who shows this token. Raises BadCredential. Makes no query.

    What was found to be good stays so until its end, so while the keys are the same it is not read again.
    """
    ring = _our_ring()
    known = _known.get(text)
    if known is not None and known[0] is ring and time.time() < known[1]:
        return known[2]
    token = read(AnyToken, text)
    caller = _caller_of(token)
    if len(_known) >= _MOST_KNOWN:
        _known.clear()
    _known[text] = ring, token["exp"], caller
    return caller


def _caller_of(token: OurToken) -> StaffPrincipal | ShopperPrincipal:
    try:
        kind, number = token["token_type"], int(token["user_id"])
        if kind == AccessToken.token_type:
            return StaffPrincipal(number, token["staff"], token["superuser"])
        if kind == ShopperToken.token_type:
            return ShopperPrincipal(number, token["ext"])
    except (KeyError, ValueError, TypeError):
        raise BadCredential("Token is invalid.") from None
    raise BadCredential("This token only refreshes; show the access token.")


def seconds_left(token: OurToken, now: datetime) -> int:
    return max(0, int(token["exp"]) - int(now.timestamp()))
