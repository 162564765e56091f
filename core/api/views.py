"""The base class of all views: answers are made before the commit, and nothing of a request outlives it."""

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api.json_text import MAX_ELEMENTS

KIB = 1 << 10
MAX_BODY_BYTES = 64 * KIB
_CHANGING = frozenset({"post", "put", "patch", "delete"})
Handler = Callable[..., HttpResponse]


class ApiView(APIView):
    """View whose bodies are limited, and whose changes and answer are made in one transaction.

    max_body_bytes, max_body_elements: of the body of a request; an action may have its own
    is_atomic: whether POST, PUT, PATCH and DELETE run in one transaction; False if they change nothing, or
    commit on their own; an action may have its own
    """

    max_body_bytes: ClassVar[int] = MAX_BODY_BYTES
    max_body_elements: ClassVar[int] = MAX_ELEMENTS
    is_atomic: ClassVar[bool] = True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Return the response, rendered.

        A view, its request and its response refer to each other, so all that they hold, such as the parsed
        body, would stay in memory until the garbage collector finds them.
        """
        method = (request.method or "").lower()
        if self.is_atomic and method in _CHANGING and hasattr(self, method):
            setattr(self, method, partial(self._committed, getattr(self, method)))
        try:
            return _rendered(super().dispatch(request, *args, **kwargs))
        finally:
            if isinstance(self.request, Request):
                self.request.parser_context.clear()
            vars(self).clear()

    def rendered(self, request: Request, response: HttpResponse) -> HttpResponse:
        """Return the response of this view, rendered."""
        return _rendered(self.finalize_response(request, response))  # type: ignore[arg-type]

    def _committed(self, handler: Handler, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """Return the rendered response of the handler. If rendering fails, its changes are rolled back."""
        if request.method != "DELETE":
            _ = request.data  # a body that arrives slowly must not keep a transaction open
        with transaction.atomic():
            return self.rendered(request, handler(request, *args, **kwargs))


def _rendered(response: Any) -> Any:
    if isinstance(response, Response):
        response.render()
        # It refers to the view, the request and the response itself.
        response.renderer_context = {}  # type: ignore[attr-defined]
    return response
