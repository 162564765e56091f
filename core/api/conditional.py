"""Gives an answer its ETag, and 304 without a body to whoever has it already."""

from hashlib import blake2b
from typing import Any, TypeVar

from django.conf import settings
from django.http import HttpResponse
from django.utils.http import parse_etags
from rest_framework.request import Request

from core.api.renderers import OrjsonRenderer, to_json

R = TypeVar("R", bound=HttpResponse)
# May be kept by whoever asked, but not shown again without asking whether it is still right.
PRIVATE = "private, no-cache"
PUBLIC = "public, no-cache"
# Who asks decides what is shown, and that stands in these.
VARY = "Cookie, Authorization"


def etag(body: bytes) -> str:
    """Return what changes with every byte of the body: a strong ETag."""
    return f'"{blake2b(body, digest_size=16).hexdigest()}"'


def conditional(request: Request, response: R, tag: str, cache_control: str = PRIVATE) -> R:
    """Return the response to a GET with its ETag, or as a 304 where the caller has it already."""
    headers = response.headers
    headers["ETag"] = tag
    headers["Cache-Control"] = cache_control
    headers["Vary"] = VARY
    known = request._request.META.get("HTTP_IF_NONE_MATCH")
    if known and is_named(tag, known):
        response.status_code = 304
        response.content = b""
        del headers["Content-Type"]
    return response


def is_named(tag: str, known: str) -> bool:
    """Return whether If-None-Match names the tag. A weak one will do: proxies that pack bodies make it so."""
    named = parse_etags(known)
    return named == ["*"] or tag in [one.removeprefix("W/") for one in named]


def shown(request: Request, payload: Any, *, to_anybody: bool) -> HttpResponse:
    """Return the payload as JSON under its ETag. to_anybody: whether nobody would be shown less"""
    body = to_json(payload)
    response = HttpResponse(body, content_type=OrjsonRenderer.media_type)
    is_public = to_anybody and settings.API_OPEN_READS
    return conditional(request, response, etag(body), PUBLIC if is_public else PRIVATE)
