"""Logins by token: log in, refresh, log out. One row a login holds the id of the valid refresh token."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

from django.contrib.sessions.models import Session

from access.errors import BadCredential
from access.models import Account, Login
from access.services.tokens import RefreshToken, SignedToken, access_token, read

USED = "This refresh token was used before, so the login has ended. Log in again."
ENDED = "This login has ended. Log in again."
NO_TOKEN = "This account is neither staff nor linked to a shopper, so it cannot get a token."  # noqa: S105


@dataclass(frozen=True, slots=True)
class Pair:
    """An access token, valid for `expires_in` seconds, and the refresh token for the next pair."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_in: int


def log_in(account: Account, *, now: datetime) -> Pair:
    """Return the first pair of a login. The caller has checked the password. Deletes expired logins.

    Raises BadCredential for an account that is neither staff nor linked to a shopper.
    """
    if not _may_have_token(account):
        raise BadCredential(NO_TOKEN)
    Login.objects.filter(expires_at__lte=now).delete()
    jti = uuid4().hex
    login = Login.objects.create(
        account=account,
        jti=jti,
        password_mark=account.get_session_auth_hash(),
        created_at=now,
        refreshed_at=now,
        expires_at=now + RefreshToken.lifetime,
    )
    return _pair(account, login.pk, jti)


def refresh(text: str, *, now: datetime) -> Pair:
    """Return the next pair; the refresh token cannot be used again. Raises BadCredential.

    A token that was used before ends the login, since it may have been stolen. So do a disabled account, an
    account that has lost its access, and a changed password.
    """
    token = read(RefreshToken, text)
    login = _login(token)
    if login is None or login.ended_at is not None:
        raise BadCredential(ENDED)
    if not _is_unchanged(login):
        _end(login, now)
        raise BadCredential(ENDED)
    jti = uuid4().hex
    # One statement: if two servers get the same token at once, only one changes the row.
    n_updated = Login.objects.filter(pk=login.pk, jti=token["jti"], ended_at__isnull=True).update(
        jti=jti,
        refreshed_at=now,
        expires_at=now + RefreshToken.lifetime,
        password_mark=login.account.get_session_auth_hash(),
    )
    if not n_updated:
        _end(login, now)
        raise BadCredential(USED)
    return _pair(login.account, login.pk, jti)


def log_out(text: str, *, now: datetime) -> None:
    """End the login, so that its refresh token no longer works. Raises BadCredential."""
    login = _login(read(RefreshToken, text))
    if login is not None:
        _end(login, now)


def remove_old_logins(now: datetime) -> int:
    """Delete the logins and sessions that have expired, and return their number."""
    logins, _ = Login.objects.filter(expires_at__lte=now).delete()
    sessions, _ = Session.objects.filter(expire_date__lt=now).delete()
    return logins + sessions


def is_valid(token: SignedToken) -> bool:
    """Return whether a refresh token can be used. 1 query."""
    login = _login(token)
    return login is not None and login.ended_at is None and login.jti == token["jti"] and _is_unchanged(login)


def _pair(account: Account, login_id: int, jti: str) -> Pair:
    refresh = RefreshToken()
    refresh["jti"], refresh["login"], refresh["user_id"] = jti, login_id, str(account.pk)
    access = access_token(account)
    return Pair(str(access), str(refresh), int(access.lifetime.total_seconds()))  # type: ignore[union-attr]


def _login(token: SignedToken) -> Login | None:
    return Login.objects.select_related("account").filter(pk=token.get("login")).first()


def _end(login: Login, now: datetime) -> None:
    Login.objects.filter(pk=login.pk, ended_at__isnull=True).update(ended_at=now)


def _is_unchanged(login: Login) -> bool:
    """Return whether the account is active, may have tokens, and has the same password as at login.

    The stored hash may be made with SECRET_KEY or with one of SECRET_KEY_FALLBACKS.
    """
    account = login.account
    hashes = [account.get_session_auth_hash(), *account.get_session_auth_fallback_hash()]
    return account.is_active and login.password_mark in hashes and _may_have_token(account)


def _may_have_token(account: Account) -> bool:
    """Return whether the account is staff or linked to a shopper. 1 query at most."""
    return account.is_staff or account.is_superuser or hasattr(account, "shopper")
