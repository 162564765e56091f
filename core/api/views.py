"""Base classes of the API's views: bodies and queries are checked, changes and answer are one transaction."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, ClassVar

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from core.api.json_text import MAX_ELEMENTS
from core.api.query import check_query

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


class StrictQuery(ApiView):
    """View that rejects unknown query parameters; list it before other base classes."""

    content_negotiation_class = SingleRendererNegotiation

    def known_parameters(self) -> set[str]:
        """Return the query parameters that the view accepts."""
        return set()

    def repeatable_parameters(self) -> set[str]:
        """Return the query parameters that may be given more than once."""
        return set()

    def perform_authentication(self, request: Request) -> None:
        """Authenticate lazily, unless the request has an Authorization header.

        Open reads never need the caller, so they skip authentication. Credentials that are sent are always
        checked: invalid ones must not appear to work.
        """
        if "HTTP_AUTHORIZATION" in request.META:
            super().perform_authentication(request)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        check_query(
            request.query_params, known=self.known_parameters(), repeatable=self.repeatable_parameters()
        )


class ListViewSet(StrictQuery, GenericViewSet[Any], ABC):
    """Paginated list with the filters of `filterset_class`."""

    filterset_class: ClassVar[Any] = None

    def known_parameters(self) -> set[str]:
        if self.action != "list":
            return set()
        filters = self.filterset_class.base_filters if self.filterset_class else ()
        return {*filters, *(("page", "page_size") if self.pagination_class else ())}

    @abstractmethod
    def payload(self, row: Any) -> dict[str, Any]:
        """Return the row as a dict for the response."""

    def page(self) -> dict[str, Any]:
        """Return the requested page as a dict for the response."""
        rows = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or ()
        page: dict[str, Any] = self.get_paginated_response([self.payload(row) for row in rows]).data
        return page

    def list(self, request: Request, **kwargs: str) -> HttpResponse:
        """Return a paginated list."""
        return Response(self.page())
