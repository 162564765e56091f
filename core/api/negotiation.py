"""Chooses the form of an answer: at once where there is nothing to choose."""

from collections.abc import Iterable
from typing import Any

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class QuickNegotiation(DefaultContentNegotiation):
    """REST framework's own, without reading an Accept header that leaves the only renderer in no doubt."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> Any:
        """Return the renderer and the media type to answer with. Raises NotAcceptable."""
        only, *others = renderers
        if not others and not format_suffix:
            accepted = request._request.META.get("HTTP_ACCEPT", "*/*")
            if accepted in ("*/*", only.media_type):
                return only, only.media_type
        return super().select_renderer(request, [only, *others], format_suffix)
