"""What users, products and categories have in common: list, read, write."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from django.db.models import Model
from django.http import HttpResponse
from rest_framework import status
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.serializers import Serializer
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from access.needs import Needs
from access.paces import READING_AND_WRITING
from access.permissions import require
from catalog.api.ids import lookup, refuse_bad_key
from catalog.api.negotiation import QuickNegotiation
from catalog.api.query import check_query


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


class CatalogueViewSet(ListViewSet):
    """Rows to read and to write. What writes is a service each."""

    lookup_url_kwarg = "id"
    lookup_value_regex = "[^/]+"
    row_class: type[Serializer[Any]]
    what: str
    needs: Needs
    paces = READING_AND_WRITING

    @abstractmethod
    def add(self, **values: Any) -> Model:
        """Return a new row of these values."""

    @abstractmethod
    def change(self, row: Any, **values: Any) -> Model:
        """Return the row with these values."""

    @abstractmethod
    def remove(self, row: Any) -> None:
        """The row is gone."""

    def find(self, id: str) -> Any:
        """Return the row of that id, or None. Raises NotFound for what cannot be an id."""
        return self.get_queryset().filter(**lookup(id)).first()

    def get_object(self) -> Any:
        id = self.kwargs["id"]
        row = self.find(id)
        if row is None:
            raise NotFound(f"There is no {self.what} {id[:80]!r}.")
        return row

    def retrieve(self, request: Request, id: str) -> HttpResponse:
        """Read one."""
        return Response(self.payload(self.get_object()))

    def create(self, request: Request) -> Response:
        """Add one."""
        return self.created(self.add(**self.checked(request.data)))

    def update(self, request: Request, id: str) -> Response:
        """Replace one; one that is unknown by its `ext:` id is added."""
        refuse_bad_key(id)
        row = self.find(id)
        if row is None:
            require(request, self, self.needs["POST"])
            return self.created(self.add(**self.checked(self.under_its_key(request.data))))
        return self.shown(self.change(row, **self.checked(request.data, row=row)))

    def partial_update(self, request: Request, id: str) -> Response:
        """Change what is given, leave the rest."""
        row = self.get_object()
        return self.shown(self.change(row, **self.checked(request.data, row=row, partial=True)))

    def destroy(self, request: Request, id: str) -> Response:
        """Delete one that nothing else stands on."""
        self.remove(self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)

    def checked(self, sent: Any, *, row: Any = None, partial: bool = False) -> dict[str, Any]:
        """Return the body's values. Raises ValidationError naming every field that is wrong."""
        body = self.get_serializer(row, data=sent, partial=partial)
        body.is_valid(raise_exception=True)
        values: dict[str, Any] = body.validated_data
        return values

    def under_its_key(self, sent: Any) -> Any:
        """Return the body with the external id of the address. Raises NotFound when that is a number."""
        id = self.kwargs["id"]
        key = lookup(id).get("external_id")
        if key is None:
            raise NotFound(
                f"There is no {self.what} {id!r}; a new one comes by POST, or by PUT to ext:<its key>."
            )
        if not isinstance(sent, Mapping):
            return sent
        if sent.get("external_id", key) != key:
            raise ValidationError({"external_id": [f"Must be {key!r}, as in the address, or left out."]})
        return {**sent, "external_id": key}

    def shown(self, row: Model, **kwargs: Any) -> Response:
        """Return the row as it is stored now."""
        return Response(self.payload(self.get_queryset().get(pk=row.pk)), **kwargs)

    def created(self, row: Model) -> Response:
        address = reverse(f"{self.basename}-detail", args=[row.pk], request=self.request)
        return self.shown(row, status=status.HTTP_201_CREATED, headers={"Location": address})
