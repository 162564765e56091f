"""Limits of request bodies by address, checked before anything reads the body."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse

from core.api.parsers import too_large
from core.api.views import MAX_BODY_BYTES
from recsite.http.problems import problem

LENGTH_REQUIRED = "The body has no Content-Length; send it with one."


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
