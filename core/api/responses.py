"""JSON responses: rendering with orjson, ETags, and conditional GET requests."""

from collections.abc import Mapping
from decimal import Decimal
from hashlib import blake2b
from typing import Any, TypeVar

import orjson
from django.conf import settings
from django.http import HttpResponse
from django.utils.functional import Promise
from django.utils.http import parse_etags
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

R = TypeVar("R", bound=HttpResponse)
# Only the client may cache the response, and must revalidate it before each use.
PRIVATE = "private, no-cache"
PUBLIC = "public, no-cache"
# The response depends on the caller, whom these headers identify.
VARY = "Cookie, Authorization"


def _plain(value: object) -> float | str:
    """Return a JSON type for a value that orjson does not support: a Decimal or a lazy translation."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Promise):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not JSON serializable.")


def to_json(value: object) -> bytes:
    """Return the value as JSON; times are in UTC and end in Z, decimals are numbers."""
    return orjson.dumps(value, default=_plain, option=orjson.OPT_UTC_Z)


class OrjsonRenderer(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None  # JSON is UTF-8 by definition

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        return b"" if data is None else to_json(data)


def etag(body: bytes) -> str:
    """Return a strong ETag: a hash of the body."""
    return f'"{blake2b(body, digest_size=16).hexdigest()}"'


def conditional(request: Request, response: R, tag: str, cache_control: str = PRIVATE) -> R:
    """Return the response to a GET with its ETag, as a 304 without a body if If-None-Match names that."""
    headers = response.headers
    headers["ETag"] = tag
    headers["Cache-Control"] = cache_control
    headers["Vary"] = VARY
    known = request._request.META.get("HTTP_IF_NONE_MATCH")
    if known and etag_matches(tag, known):
        response.status_code = 304
        response.content = b""
        del headers["Content-Type"]
    return response


def etag_matches(tag: str, known: str) -> bool:
    """Return whether If-None-Match names the tag. Weak tags match: proxies that compress make tags weak."""
    named = parse_etags(known)
    return named == ["*"] or tag in [one.removeprefix("W/") for one in named]


def json_response(request: Request, payload: Any, *, to_anybody: bool) -> HttpResponse:
    """Return the payload as a JSON response with an ETag.

    to_anybody: whether every caller may see the whole payload; with open reads, shared caches may keep it
    """
    body = to_json(payload)
    response = HttpResponse(body, content_type=OrjsonRenderer.media_type)
    is_public = to_anybody and settings.API_OPEN_READS
    return conditional(request, response, etag(body), PUBLIC if is_public else PRIVATE)
