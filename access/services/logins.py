"""Logging in by token: begin, go on, end. One row a log-in says which refresh token is good."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

from access.errors import BadCredential
from access.models import Account, Login
from access.services.tokens import OurToken, RefreshToken, access_token, read

USED = "This refresh token was used before, so the log-in has ended. Log in again."
OVER = "This log-in has ended. Log in again."
USELESS = "This account is neither staff nor a shopper's, so there is no token for it."


@dataclass(frozen=True, slots=True)
class Pair:
    """What a client holds: the one to show, and the one to go on with."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_in: int


def log_in(account: Account, *, now: datetime) -> Pair:
    """Return the first pair of a log-in, for a checked password. Clears away what has expired.

    Raises BadCredential for an account that is neither staff nor a shopper's.
    """
    if not _has_token(account):
        raise BadCredential(USELESS)
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
    """Return the next pair; the refresh token is used up. Raises BadCredential.

    A token that was used before ends the log-in, since somebody else may have the other one; so do an account
    that is disabled or has lost its access, and a password that has changed.
    """
    token = read(RefreshToken, text)
    login = _login(token)
    if login is None or login.ended_at is not None:
        raise BadCredential(OVER)
    if not _is_as_it_was(login):
        _end(login, now)
        raise BadCredential(OVER)
    jti = uuid4().hex
    # In one statement: of two servers that are shown the same token at once, one changes the row.
    went_on = Login.objects.filter(pk=login.pk, jti=token["jti"], ended_at__isnull=True).update(
        jti=jti,
        refreshed_at=now,
        expires_at=now + RefreshToken.lifetime,
        password_mark=login.account.get_session_auth_hash(),
    )
    if not went_on:
        _end(login, now)
        raise BadCredential(USED)
    return _pair(login.account, login.pk, jti)


def log_out(text: str, *, now: datetime) -> None:
    """The log-in has ended: its refresh token is refused from now on. Raises BadCredential."""
    login = _login(read(RefreshToken, text))
    if login is not None:
        _end(login, now)


def is_good(token: OurToken) -> bool:
    """Return whether a refresh token would be taken. 1 query."""
    login = _login(token)
    return login is not None and login.ended_at is None and login.jti == token["jti"] and _is_as_it_was(login)


def _pair(account: Account, login_id: int, jti: str) -> Pair:
    go_on = RefreshToken()
    go_on["jti"], go_on["login"], go_on["user_id"] = jti, login_id, str(account.pk)
    show = access_token(account)
    return Pair(str(show), str(go_on), int(show.lifetime.total_seconds()))  # type: ignore[union-attr]


def _login(token: OurToken) -> Login | None:
    return Login.objects.select_related("account").filter(pk=token.get("login")).first()


def _end(login: Login, now: datetime) -> None:
    Login.objects.filter(pk=login.pk, ended_at__isnull=True).update(ended_at=now)


def _is_as_it_was(login: Login) -> bool:
    """Return whether the account is active, may have tokens, and still has the password of the log-in.

    Its mark may be of SECRET_KEY, or of what that was before.
    """
    account = login.account
    marks = [account.get_session_auth_hash(), *account.get_session_auth_fallback_hash()]
    return account.is_active and login.password_mark in marks and _has_token(account)


def _has_token(account: Account) -> bool:
    """Return whether there is a token for the account: it is staff, or a shopper's. 1 query at most."""
    return account.is_staff or account.is_superuser or hasattr(account, "shopper")
