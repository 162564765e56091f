"""Limits the requests that send a password, in the admin and at /token, before it is hashed.

A refusal must cost nearly nothing, or refused guesses hold up other requests as hashes would. So logins are
counted before Django handles a request, which is ten times as fast.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from access.errors import TooManyPasswords
from observe import request_id
from recsite.http import known_browser, throttling
from recsite.http.dispatcher import LOGIN_PAGE, LOGIN_PATHS
from recsite.http.middleware import security_headers_middleware, with_security_headers
from recsite.http.problems import problem
from recsite.http.throttling import LOGIN_HEADERS, TooManyRequests

# The pages of the admin that hash a password. All but the first are for people who have logged in.
PASSWORD_PAGES = frozenset(
    {"admin:login", "admin:password_change", "admin:auth_user_password_change", "admin:access_account_add"}
)


def limit_logins(application: WSGIApplication) -> WSGIApplication:
    """Return the WSGI application with an answer of its own, 429, for logins over the limit."""

    def limited(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "POST" and environ["PATH_INFO"] in LOGIN_PATHS:
            request = HttpRequest()
            request.META = environ
            try:
                throttling.count_login(request, known_browser.account_id(request))
            except TooManyRequests as refusal:
                return _refuse(environ, refusal, start_response)
        return application(environ, start_response)

    return limited


class LoginLimitMiddleware:
    """Counts what `limit_logins` did not, and remembers the browsers of successful logins.

    Those are the pages of people who have logged in, and logins on a server without `limit_logins`.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        if request.method == "POST":
            for name, value in request.META.get(LOGIN_HEADERS, {}).items():
                response.headers[name] = value
            is_login = request.path_info == LOGIN_PAGE and response.status_code == 302
            if is_login and request.user.is_authenticated:
                known_browser.remember(response, request.user.pk, request.path)
        return response

    def process_view(self, request: HttpRequest, *_: Any) -> HttpResponse | None:
        """Count a page that takes a password. Sessions are read only for these."""
        match = request.resolver_match
        if request.method != "POST" or match is None or match.view_name not in PASSWORD_PAGES:
            return None
        try:
            throttling.count_login(request, request.user.pk or known_browser.account_id(request))
        except TooManyRequests as refusal:
            return _page(str(refusal.detail), refusal.wait)
        return None

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer for a page of the admin whose password cannot be hashed yet."""
        return _page(str(error), 1) if isinstance(error, TooManyPasswords) else None


def _refuse(
    environ: WSGIEnvironment, refusal: TooManyRequests, start_response: StartResponse
) -> Iterable[bytes]:
    headers, body = _refusal(environ["PATH_INFO"], str(refusal.detail), refusal.wait)
    current = request_id.begin(environ.get("HTTP_X_REQUEST_ID"))
    start_response(
        "429 Too Many Requests",
        [
            *headers,
            *environ[LOGIN_HEADERS].items(),
            *_cors(environ.get("HTTP_ORIGIN")),
            (request_id.HEADER, current),
        ],
    )
    return [body]


@lru_cache(maxsize=256)
def _refusal(path: str, detail: str, seconds: int) -> tuple[list[tuple[str, str]], bytes]:
    """Return the headers and the body of a refusal, with the security headers of all middleware."""
    request = HttpRequest()
    request.path = request.path_info = path
    if path == LOGIN_PAGE:
        response = _page(detail, seconds)
    else:
        response = problem(429, detail, headers={"Retry-After": str(seconds)})
    response.headers["Content-Length"] = str(len(response.content))
    plain = dict(with_security_headers(HttpResponse()).items())
    response = security_headers_middleware(lambda _: response)(request)
    return [*(plain | dict(response.items())).items()], response.content


def _cors(origin: str | None) -> list[tuple[str, str]]:
    if origin is None or origin not in settings.CORS_ALLOWED_ORIGINS:
        return []
    return [
        ("Access-Control-Allow-Origin", origin),
        ("Access-Control-Expose-Headers", ", ".join(settings.CORS_EXPOSE_HEADERS)),
        ("Vary", "origin"),
    ]


def _page(detail: str, seconds: int) -> HttpResponse:
    names = {"site_header": admin.site.site_header, "site_title": admin.site.site_title}
    context = {"title": "Too many logins", "message": detail, **names}
    content = render_to_string("registration/too_many.html", context)
    headers = {"Retry-After": str(seconds), "Cache-Control": "no-store"}
    return HttpResponse(content, status=429, headers=headers)
