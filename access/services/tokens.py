"""Sign and read tokens (JWT) of three types, with key rotation."""

import hmac
import re
import time
from collections.abc import Callable
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
from core.text import ONE_LINE

ALGORITHM = "HS256"
_MAX_CACHED = 2_000
# token → keys, expiry (seconds since 1970), principal
_cache: dict[str, tuple["KeyRing", int, StaffPrincipal | ShopperPrincipal]] = {}


def _is_number(claim: Any) -> bool:
    return type(claim) is int and 0 < claim < 2**53  # JSON's exact numbers


def _is_text(claim: Any) -> bool:
    return isinstance(claim, str) and _ONE_LINE.search(claim) is not None


_DECIMAL = re.compile("[1-9][0-9]{0,17}")
_ONE_LINE = re.compile(ONE_LINE.regex)
# What each claim must be, if it is there. A token that is signed rightly, but not by this service, may hold
# anything.
_CLAIMS: dict[str, Callable[[Any], bool]] = {
    "exp": _is_number,
    "token_type": _is_text,
    "jti": _is_text,
    "user_id": lambda claim: isinstance(claim, str) and _DECIMAL.fullmatch(claim) is not None,
    "login": _is_number,
    "mark": _is_text,
    "ext": lambda claim: claim is None or _is_text(claim),
}


class KeyRing(TokenBackend):
    """A token backend that signs with the first key and accepts signatures of any of its keys."""

    def __init__(self, first: str, *older: str) -> None:
        super().__init__(ALGORITHM, first)
        self.older = tuple(TokenBackend(ALGORITHM, key) for key in older)

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:
        try:
            return super().decode(token, verify)
        except TokenBackendExpiredToken:
            raise
        except TokenBackendError:
            for backend in self.older:
                try:
                    return backend.decode(token, verify)
                except TokenBackendExpiredToken:
                    raise
                except TokenBackendError:
                    continue
            raise


@lru_cache(maxsize=4)
def _ring(*keys: str) -> KeyRing:
    return KeyRing(*keys)


def _current_ring() -> KeyRing:
    return _ring(settings.JWT_SIGNING_KEY, *settings.JWT_VERIFYING_KEYS)


class SignedToken(Token):
    """Base class of the tokens. The keys come from the settings."""

    def get_token_backend(self) -> TokenBackend:
        return _current_ring()

    def verify(self) -> None:
        """Raise TokenError unless the token is valid now and its claims are such as this service issues."""
        for name, is_valid in _CLAIMS.items():
            if name in self.payload and not is_valid(self.payload[name]):
                raise TokenError("Token is invalid")
        super().verify()

    def set_iat(self, claim: str = "iat", at_time: datetime | None = None) -> None:
        """Omit the claim: a server whose clock is behind would refuse a token that was just issued."""


class AccessToken(SignedToken):
    """A staff token. It is short-lived, since reads do not check it against the database."""

    token_type = "access"  # noqa: S105  a type, no secret
    lifetime = settings.ACCESS_TOKEN_LIFETIME


class ShopperToken(SignedToken):
    """A shopper's token, equally short-lived."""

    token_type = "shopper"  # noqa: S105
    lifetime = settings.ACCESS_TOKEN_LIFETIME


class RefreshToken(SignedToken):
    """A token that can be used once, to get the next pair of tokens."""

    token_type = "refresh"  # noqa: S105
    lifetime = settings.REFRESH_TOKEN_LIFETIME


_TYPES = frozenset({AccessToken.token_type, ShopperToken.token_type, RefreshToken.token_type})


class AnyToken(SignedToken):
    """A token of any type that is issued."""

    token_type = "any"  # noqa: S105
    lifetime = timedelta(0)

    def verify_token_type(self) -> None:
        """Raise TokenError unless it is one of these types."""
        if self.payload.get("token_type") not in _TYPES:
            raise TokenError("Token has wrong type")


def read(token_class: type[SignedToken], text: str) -> SignedToken:
    """Return the verified token. Raises BadCredential. No query."""
    try:
        return token_class(text)  # type: ignore[arg-type]
    except TokenError as error:
        raise BadCredential(f"{error}.") from None
    except (ValueError, TypeError, KeyError, ArithmeticError, RecursionError):  # not issued by this service
        raise BadCredential("Token is invalid.") from None


def access_token(account: Account) -> SignedToken:
    """Return the account's access token: a staff token for staff, else the token of its shopper.

    Raises Account.shopper.RelatedObjectDoesNotExist for an account that is neither. 1 query at most.
    """
    if not (account.is_staff or account.is_superuser):
        return shopper_token(account.shopper.pk, account.shopper.external_id)
    token = AccessToken()
    token["user_id"], token["mark"] = str(account.pk), password_mark(account.get_session_auth_hash())
    return token


def password_mark(session_auth_hash: str) -> str:
    """Return a text that changes with the password. It cannot be made from the signing key alone."""
    return session_auth_hash[:32]


def current_account(principal: StaffPrincipal) -> Account | None:
    """Return the account of a staff token if it is active, still staff and has the same password. 1 query.

    The password's hash may be made with SECRET_KEY or with one of SECRET_KEY_FALLBACKS.
    """
    account = Account.objects.filter(pk=principal.account_id, is_active=True).first()
    if account is None or not (account.is_staff or account.is_superuser):
        return None
    hashes = [account.get_session_auth_hash(), *account.get_session_auth_fallback_hash()]
    sent = principal.password_mark.encode(errors="replace")  # a forged one may hold anything
    is_same = any(hmac.compare_digest(password_mark(each).encode(), sent) for each in hashes)
    return account if is_same else None


def shopper_token(user_id: int, external_id: str | None) -> SignedToken:
    """Return a token that reads this shopper's data. The caller checks that the shopper exists."""
    token = ShopperToken()
    token["user_id"], token["ext"] = str(user_id), external_id
    return token


def token_caller(text: str) -> StaffPrincipal | ShopperPrincipal:
    """Return the principal of this token. Raises BadCredential. No query.

    A valid token stays valid until it expires, so it is cached as long as the keys do not change.
    """
    ring = _current_ring()
    cached = _cache.get(text)
    if cached is not None and cached[0] is ring and time.time() < cached[1]:
        return cached[2]
    token = read(AnyToken, text)
    principal = _principal_of(token)
    if len(_cache) >= _MAX_CACHED:
        _cache.clear()
    _cache[text] = ring, token["exp"], principal
    return principal


def _principal_of(token: SignedToken) -> StaffPrincipal | ShopperPrincipal:
    try:
        token_type, number = token["token_type"], int(token["user_id"])
        if token_type == AccessToken.token_type:
            return StaffPrincipal(number, str(token["mark"]))
        if token_type == ShopperToken.token_type:
            return ShopperPrincipal(number, token["ext"])
    except (KeyError, ValueError, TypeError):
        raise BadCredential("Token is invalid.") from None
    raise BadCredential("This is a refresh token. Send the access token.")


def seconds_left(token: SignedToken, now: datetime) -> int:
    return max(0, int(token["exp"]) - int(now.timestamp()))
