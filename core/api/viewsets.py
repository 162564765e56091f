"""Base classes of the API's views: strict query parameters, and lists in pages."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from core.api.query import check_query
from core.api.renderers import QuickNegotiation


class StrictQuery(APIView):
    """Refuses query parameters that the view does not know; put it before other views."""

    content_negotiation_class = QuickNegotiation

    def known_parameters(self) -> set[str]:
        """Return the query parameters that the view knows."""
        return set()

    def repeatable_parameters(self) -> set[str]:
        """Return those that may be given several times, each time with another value."""
        return set()

    def perform_authentication(self, request: Request) -> None:
        """Find out who asks once somebody wants to know, which for open reads is nobody.

        Credentials that are sent are looked at in any case: wrong ones must not seem to work.
        """
        if "HTTP_AUTHORIZATION" in request.META:
            super().perform_authentication(request)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        check_query(
            request.query_params, known=self.known_parameters(), repeatable=self.repeatable_parameters()
        )


class ListViewSet(StrictQuery, GenericViewSet[Any], ABC):
    """A list in pages, with the filters that a subclass names."""

    filterset_class: ClassVar[Any] = None

    def known_parameters(self) -> set[str]:
        if self.action != "list":
            return set()
        filters = self.filterset_class.base_filters if self.filterset_class else ()
        return {*filters, *(("page", "page_size") if self.pagination_class else ())}

    @abstractmethod
    def payload(self, row: Any) -> dict[str, Any]:
        """Return the row as the API shows it."""

    def page(self) -> dict[str, Any]:
        """Return the page that is asked for, as the API shows it."""
        rows = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or ()
        page: dict[str, Any] = self.get_paginated_response([self.payload(row) for row in rows]).data
        return page

    def list(self, request: Request, **kwargs: str) -> HttpResponse:
        """List them, a page at a time."""
        return Response(self.page())
