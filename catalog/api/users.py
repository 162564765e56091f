"""/users and /users/{id}/interactions."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django_filters.rest_framework import FilterSet
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from access.policies import reads, writes
from access.scopes import Scope
from access.throttle_scopes import READING
from catalog import selectors
from catalog.api.inputs import UserInput
from catalog.api.payloads import Payload, history_payload, user_payload
from catalog.api.serializers import HistoryRow, UserRow
from catalog.api.viewsets import CatalogueViewSet
from catalog.models import ActionType, Interaction, User
from catalog.services.users import change_shopper, create_shopper, delete_shopper
from core.api.filters import StrictChoiceFilter
from core.api.pages import StrictPagination
from core.api.query import lookup
from core.api.viewsets import ListViewSet
from core.text import cut


class UserPagination(StrictPagination):
    rows = "users"


class UserViewSet(CatalogueViewSet):
    """The shop's users (shoppers)."""

    queryset = User.objects.none()
    serializer_class = UserInput
    row_class = UserRow
    pagination_class = UserPagination
    what = "user"
    plural = "users"
    example_ids = {"": "ext:12347", "update": "ext:example", "destroy": "ext:example"}
    body_examples = {
        "create": {"name": "Ada Example"},
        "update": {"name": "Ada Example"},
        "partial_update": {"name": "Customer 12347"},
    }
    policies = {
        **reads(Scope.USERS_READ, own="id"),
        **writes(Scope.USERS_WRITE, "catalog.user", deleting=("catalog.delete_interaction",)),
    }

    def get_queryset(self) -> QuerySet[User]:
        return selectors.shoppers()

    def list(self, request: Request, **kwargs: str) -> HttpResponse:
        """List users, paginated."""
        return super().list(request, **kwargs)

    def payload(self, row: User) -> Payload:
        return user_payload(row)

    def destroy(self, request: Request, id: str) -> Response:
        """Delete a user and all their interactions."""
        return super().destroy(request, id)

    def add(self, **values: Any) -> User:
        return create_shopper(**values)

    def change(self, row: User, **values: Any) -> User:
        return change_shopper(shopper=row, **values)

    def remove(self, row: User) -> None:
        delete_shopper(shopper=row)


class HistoryPagination(StrictPagination):
    rows = "interactions"


class HistoryFilter(FilterSet):
    action_type = StrictChoiceFilter(
        choices=ActionType.choices,
        empty_label=None,
        help_text="Only events with this action.",
        error_messages={"invalid_choice": f"Must be one of {', '.join(ActionType.values)}."},
    )


class HistoryViewSet(ListViewSet):
    """The interactions of one user, newest first."""

    queryset = Interaction.objects.none()
    row_class = HistoryRow
    operation_ids = {"list": "list_user_interactions"}
    example_ids = {"": "ext:12347"}
    policies = reads(Scope.USERS_READ, own="id")
    throttle_scopes = READING
    pagination_class = HistoryPagination
    filterset_class = HistoryFilter

    def get_queryset(self) -> QuerySet[Interaction]:
        id = self.kwargs["id"]
        user = selectors.shoppers().filter(**lookup(id)).first()
        if user is None:
            raise NotFound(f"There is no user {cut(id)!r}.")
        return selectors.history(user)

    def list(self, request: Request, **kwargs: str) -> HttpResponse:
        """List a user's interactions, paginated."""
        return super().list(request, **kwargs)

    def payload(self, row: Interaction) -> Payload:
        return history_payload(row)
