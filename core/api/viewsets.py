"""Base classes of the API's views: strict query parameters and paginated lists."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from core.api.query import check_query
from core.api.renderers import SingleRendererNegotiation
from core.api.views import ApiView


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
