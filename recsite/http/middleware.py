"""The site's middleware: ids, metrics, internal endpoints, security headers, sessions, limits of bodies."""

import re
from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import Any

from csp.middleware import CSPMiddleware
from django.conf import settings
from django.contrib.sessions.middleware import SessionMiddleware as PlainSessionMiddleware
from django.http import HttpRequest, HttpResponse

from core.api.parsers import too_large
from core.api.views import MAX_BODY_BYTES
from observe import metrics, request_id
from recsite.config.csp import FOR_PROGRAMS, PAGES, PERMISSIONS, RESOURCES
from recsite.http import health, metrics_page
from recsite.http.charset import DROPPED
from recsite.http.dispatcher import REFUSAL
from recsite.http.problems import problem

GetResponse = Callable[[HttpRequest], HttpResponse]
# Machines request these over plain HTTP by IP address, so HTTPS redirects and ALLOWED_HOSTS do not apply.
_INTERNAL: dict[str, GetResponse] = {
    "/health/live": health.live,
    "/health/ready": health.ready,
    "/metrics": metrics_page.page,
}
INTERNAL_VIEWS = {f"{path}{slash}": view for path, view in _INTERNAL.items() for slash in ("", "/")}
# Django's keys have 32 of these characters. PostgreSQL cannot look up a NUL or a lone surrogate.
_KEY = re.compile("[a-z0-9]{8,40}")
LENGTH_REQUIRED = "The body has no Content-Length; send it with one."


def request_middleware(get_response: GetResponse) -> GetResponse:
    """Middleware that sets the request's id, records its metrics and serves the internal views.

    The id stays set until the thread's next request, since Django logs refused requests after all middleware.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        current = request_id.begin(request.META.get("HTTP_X_REQUEST_ID"))
        internal = None if REFUSAL in request.META else INTERNAL_VIEWS.get(request.path_info)
        if DROPPED in request.META and request.method not in ("GET", "HEAD"):
            internal = _unsupported_charset
        response = inner(request) if internal is None else with_security_headers(internal(request))
        response.headers[request_id.HEADER] = current
        _release(request)
        return response

    inner = _with_complete_body(get_response)
    if settings.METRICS:
        metrics.turn_on(settings.METRICS_DIR)
        inner = _recorded(inner)
    return middleware


def _unsupported_charset(request: HttpRequest) -> HttpResponse:
    charset = request.META[DROPPED]
    return problem(415, f"Content-Type names the charset {charset[:40]!r}. The body must be UTF-8.")


def _with_complete_body(get_response: GetResponse) -> GetResponse:
    """Return a view that answers requests whose body was refused while it arrived."""

    def complete(request: HttpRequest) -> HttpResponse:
        refusal = request.META.get(REFUSAL)
        if refusal is None:
            return get_response(request)
        return with_security_headers(problem(refusal.status, refusal.detail, headers=refusal.headers))

    return complete


def _release(request: HttpRequest) -> None:
    """Remove from the request what refers to it, and its form, so that the garbage collector has no work.

    Forms and their fields refer to each other, and so keep what was sent.
    """
    attributes = vars(request)
    attributes.pop("_body", None)
    if "_post" in attributes:
        dict.clear(attributes["_post"])
    for name in ("user", "auser", "csp_nonce", "_messages"):
        attributes.pop(name, None)
    if "_cached_user" in attributes:  # the user itself, without the lazy object around
        attributes["user"] = attributes["_cached_user"]


def _recorded(get_response: GetResponse) -> GetResponse:
    def recorded(request: HttpRequest) -> HttpResponse:
        start = perf_counter()
        response = get_response(request)
        match = request.resolver_match
        route = match.view_name if match else "none"  # responses of middleware: redirects, static files
        strategy = getattr(response, "strategy", "")
        metrics.recorder.request(route, strategy, response.status_code, perf_counter() - start)
        return response

    return recorded


def security_headers_middleware(get_response: GetResponse) -> GetResponse:
    """Middleware that sets the strictest security headers under which browsers still show the pages."""
    pages: Any = CSPMiddleware(get_response)

    def middleware(request: HttpRequest) -> HttpResponse:
        response: HttpResponse
        if request.path_info.startswith(PAGES):
            response = pages(request)
        else:
            response = get_response(request)
            if not (settings.DEBUG and response.status_code in (404, 500)):  # Django's debug page
                response.headers["Content-Security-Policy"] = FOR_PROGRAMS
        response.headers["Permissions-Policy"] = PERMISSIONS
        response.headers["Cross-Origin-Resource-Policy"] = RESOURCES
        return response

    return middleware


def with_security_headers(response: HttpResponse) -> HttpResponse:
    """Add the security headers of all middleware to a response that bypasses them."""
    headers = response.headers
    headers["Content-Security-Policy"] = FOR_PROGRAMS
    headers["Permissions-Policy"] = PERMISSIONS
    headers["Cross-Origin-Resource-Policy"] = RESOURCES
    headers["Cross-Origin-Opener-Policy"] = settings.SECURE_CROSS_ORIGIN_OPENER_POLICY
    headers["Referrer-Policy"] = settings.SECURE_REFERRER_POLICY
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = settings.X_FRAME_OPTIONS
    return response


class SessionMiddleware(PlainSessionMiddleware):
    """Django's middleware, which ignores a session cookie that cannot be a key."""

    def process_request(self, request: HttpRequest) -> None:
        key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
        if key is not None and not _KEY.fullmatch(key):
            del request.COOKIES[settings.SESSION_COOKIE_NAME]
        super().process_request(request)


def body_limit_middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """Middleware that refuses bodies over the limit of their view with 413, and bodies of unknown length.

    It comes before all middleware that reads bodies. Views are limited by their `max_body_bytes`, pages of
    the admin by that of the ModelAdmin, all others to 64 KiB.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    middleware.process_view = check_body  # type: ignore[attr-defined]
    return middleware


def check_body(
    request: HttpRequest, view: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> HttpResponse | None:
    """Return the refusal of a body that is too large or of unknown length, None for others."""
    sent = request.META.get("CONTENT_LENGTH")
    if not sent:
        return problem(411, LENGTH_REQUIRED) if "HTTP_TRANSFER_ENCODING" in request.META else None
    most = limit_of(view)
    if sent.isdecimal() and len(sent) < 20 and int(sent) <= most:
        return None
    return problem(413, too_large(most))


def limit_of(view: Callable[..., Any]) -> int:
    """Return the most bytes of a body that the view of a URL accepts."""
    own: int | None = getattr(view, "initkwargs", {}).get("max_body_bytes")
    if own is not None:
        return own
    of_class = getattr(view, "cls", getattr(view, "view_class", getattr(view, "model_admin", None)))
    limit: int = getattr(of_class, "max_body_bytes", MAX_BODY_BYTES)
    return limit
