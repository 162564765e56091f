"""A cookie by which a browser that has logged in before is known, at the admin's login page only.

Strangers can use up the number of logins that all addresses together may try. People who have logged in from
this browser before count by their account instead, so they still can log in (OWASP calls it a device cookie).
The cookie allows nothing else: it replaces no password, and the lockout counts wrong ones as always.
"""

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest, HttpResponse, parse_cookie

NAME = "known_browser"
MAX_AGE_SECONDS = 90 * 24 * 60 * 60
_LONGEST = 200  # of a cookie whose signature is checked


def remember(response: HttpResponse, account_id: int, path: str) -> None:
    """Set the cookie after a login. path: of the login page"""
    response.set_cookie(
        NAME,
        _signer().sign(str(account_id)),
        max_age=MAX_AGE_SECONDS,
        path=path,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def account_id(request: HttpRequest) -> int | None:
    """Return the account that last logged in from this browser, None if it is unknown. No query."""
    sent = request.META.get("HTTP_COOKIE", "")
    cookie = parse_cookie(sent).get(NAME, "") if NAME in sent else ""
    if not cookie or len(cookie) > _LONGEST:
        return None
    try:
        return int(_signer().unsign(cookie, max_age=MAX_AGE_SECONDS))
    except BadSignature:
        return None


def _signer() -> TimestampSigner:
    return TimestampSigner(salt="recsite.known_browser")
