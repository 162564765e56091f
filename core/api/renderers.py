"""JSON rendering with orjson, and content negotiation."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import orjson
from django.utils.functional import Promise
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


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


class SingleRendererNegotiation(DefaultContentNegotiation):
    """Content negotiation that does not parse the Accept header when the only renderer clearly matches."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> Any:
        """Return the renderer and the media type of the response. Raises NotAcceptable."""
        only, *others = renderers
        if not others and not format_suffix:
            accepted = request._request.META.get("HTTP_ACCEPT", "*/*")
            if accepted in ("*/*", only.media_type):
                return only, only.media_type
        return super().select_renderer(request, [only, *others], format_suffix)
