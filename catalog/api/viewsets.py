"""Base viewset of users, products and categories."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from django.db.models import Model
from django.http import HttpResponse
from rest_framework import status
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.serializers import Serializer

from access.permissions import require
from access.policies import Policies
from access.throttle_scopes import READING_AND_WRITING
from core.api.query import lookup, reject_invalid_key
from core.api.serializers import validated
from core.api.views import ListViewSet
from core.text import cut


class CatalogueViewSet(ListViewSet):
    """Base viewset to list, retrieve, create, update and delete rows; subclasses call the write services."""

    lookup_url_kwarg = "id"
    lookup_value_regex = "[^/]+"
    row_class: type[Serializer[Any]]
    what: str
    plural: str
    policies: Policies
    throttle_scopes = READING_AND_WRITING

    @property
    def operation_ids(self) -> dict[str, str]:
        """Return the names of the methods of generated clients, by action."""
        return {
            "list": f"list_{self.plural}",
            "create": f"create_{self.what}",
            "retrieve": f"get_{self.what}",
            "update": f"replace_{self.what}",
            "partial_update": f"update_{self.what}",
            "destroy": f"delete_{self.what}",
        }

    @abstractmethod
    def add(self, **values: Any) -> Model:
        """Create a row with these values and return it."""

    @abstractmethod
    def change(self, row: Any, **values: Any) -> Model:
        """Set these values of the row and return it."""

    @abstractmethod
    def remove(self, row: Any) -> None:
        """Delete the row."""

    def find(self, id: str) -> Any:
        """Return the row for a reference, or None. Raises NotFound for an invalid reference."""
        return self.get_queryset().filter(**lookup(id)).first()

    def get_object(self) -> Any:
        id = self.kwargs["id"]
        row = self.find(id)
        if row is None:
            raise NotFound(f"There is no {self.what} {cut(id)!r}.")
        return row

    def retrieve(self, request: Request, id: str) -> HttpResponse:
        """Return one object."""
        return Response(self.payload(self.get_object()))

    def create(self, request: Request) -> Response:
        """Create an object."""
        return self.created(self.add(**self.checked(request.data)))

    def update(self, request: Request, id: str) -> Response:
        """Replace an object, or create it if none has this `ext:` id."""
        reject_invalid_key(id)
        row = self.find(id)
        if row is None:
            require(request, self, self.policies["POST"])
            return self.created(self.add(**self.checked(self.under_its_key(request.data))))
        return self.shown(self.change(row, **self.checked(request.data, row=row)))

    def partial_update(self, request: Request, id: str) -> Response:
        """Change the given fields of an object."""
        row = self.get_object()
        return self.shown(self.change(row, **self.checked(request.data, row=row, partial=True)))

    def destroy(self, request: Request, id: str) -> Response:
        """Delete an object that is not in use."""
        self.remove(self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)

    def checked(self, sent: Any, *, row: Any = None, partial: bool = False) -> dict[str, Any]:
        """Return the validated values of the body. Raises ValidationError for all invalid fields."""
        return validated(self.get_serializer(row, data=sent, partial=partial))

    def under_its_key(self, sent: Any) -> Any:
        """Return the body with the external id from the URL. Raises NotFound if the URL has a numeric id."""
        id = self.kwargs["id"]
        key = lookup(id).get("external_id")
        if key is None:
            raise NotFound(
                f"There is no {self.what} {cut(id)!r}. Create one with POST, or with PUT to "
                "ext:<external id>."
            )
        if not isinstance(sent, Mapping):
            return sent
        if sent.get("external_id", key) != key:
            raise ValidationError({"external_id": [f"Must be {cut(str(key))!r}, as in the URL, or omitted."]})
        return {**sent, "external_id": key}

    def shown(self, row: Model, **kwargs: Any) -> Response:
        """Return a response with the row, read again from the database."""
        return Response(self.payload(self.get_queryset().get(pk=row.pk)), **kwargs)

    def created(self, row: Model) -> Response:
        address = reverse(f"{self.basename}-detail", args=[row.pk], request=self.request)
        return self.shown(row, status=status.HTTP_201_CREATED, headers={"Location": address})
