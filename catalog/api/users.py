"""/users and /users/{id}/interactions."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from django_filters.rest_framework import FilterSet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response

from access.permissions import is_for_another
from access.policies import Policy, reads, writes
from access.scopes import Scope
from access.throttle_scopes import BULK_PUT, READING
from catalog import merged_users, selectors
from catalog.api.bulk import (
    MAX_BYTES,
    MAX_ELEMENTS,
    NDJSON,
    JsonArrayParser,
    JsonLinesParser,
    digest,
    sent_rows,
)
from catalog.api.catalogue_bulk import put_users
from catalog.api.history_pages import HistoryPagination
from catalog.api.idempotent import KEY, answer_once
from catalog.api.inputs import MergeInput, UserInput
from catalog.api.payloads import Payload, history_payload, user_payload
from catalog.api.row_inputs import UserRowInput
from catalog.api.serializers import BulkUserResult, HistoryRow, MergedRow, UserRow
from catalog.api.viewsets import CatalogueViewSet
from catalog.errors import WasMerged
from catalog.models import ActionType, Interaction, User
from catalog.services.merging import merge_user
from catalog.services.users import change_shopper, create_shopper, delete_shopper
from core.api.filters import StrictChoiceFilter
from core.api.pages import StrictPagination
from core.api.query import lookup
from core.api.responses import to_json
from core.api.serializers import validated
from core.api.views import ListViewSet
from core.text import cut


def _former_user(request: Request, id: str) -> User | None:
    """Return the user that the one with this id was merged into. A guest's token does not lead there."""
    found = merged_users.former_user(lookup(id))
    return None if found is None or is_for_another(request, found.pk) else found


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
    example_ids = {
        "": "ext:12347",
        "update": "ext:example",
        "destroy": "ext:example",
        "merge": "ext:example",
    }
    body_examples = {
        "create": {"name": "Ada Example"},
        "update": {"name": "Ada Example"},
        "partial_update": {"name": "Customer 12347"},
        "merge": {"into": "ext:12347"},
        "bulk": [{"external_id": "example", "name": "Ada Example"}],
    }
    no_array = "The body must be an array of users; send a single user to /users/{id}."
    also_answers = ("422",)
    policies = {
        **reads(Scope.USERS_READ, own="id"),
        **writes(Scope.USERS_WRITE, "catalog.user", deleting=("catalog.delete_interaction",)),
    }

    @property
    def operation_ids(self) -> dict[str, str]:
        return {**super().operation_ids, "merge": "merge_user", "bulk": "put_users_in_bulk"}

    def get_queryset(self) -> QuerySet[User]:
        return selectors.shoppers()

    def list(self, request: Request, **kwargs: str) -> HttpResponse:
        """List users, paginated."""
        return super().list(request, **kwargs)

    def payload(self, row: User) -> Payload:
        return user_payload(row)

    def find(self, id: str) -> User | None:
        """Return the user, or None. Raises WasMerged for a former id, unless it only reads."""
        found: User | None = super().find(id)
        if found is not None:
            return found
        former = _former_user(self.request, id)
        if former is not None and self.request.method not in SAFE_METHODS:
            raise WasMerged(id, former.pk)
        return former

    @extend_schema(request=MergeInput, responses=MergedRow)
    @action(
        detail=True,
        methods=["post"],
        policies={
            "POST": Policy(
                Scope.USERS_WRITE,
                ("catalog.change_user", "catalog.delete_user", "catalog.change_interaction"),
            )
        },
    )
    def merge(self, request: Request, id: str) -> Response:
        """Merge the user into another one, such as a guest into the person's account.

        The events become the other user's; one of the same product, action and time is kept once. The user
        is deleted, and the id and the `ext:` id lead to the other user from now on. This cannot be undone.
        Merging again changes nothing.
        """
        into = validated(MergeInput(data=request.data))["into"]
        merged = merge_user(user=lookup(id), into=into, now=timezone.now())
        user = user_payload(merged.user)
        return Response({"user": user, "moved": merged.n_moved, "repeated": merged.n_repeated})

    @extend_schema(
        parameters=[KEY],
        request={"application/json": UserRowInput(many=True), "application/x-ndjson": NDJSON},
        responses={207: BulkUserResult},
    )
    @action(
        detail=False,
        methods=["put"],
        parser_classes=[JsonArrayParser, JsonLinesParser],
        throttle_scopes=BULK_PUT,
        max_body_bytes=MAX_BYTES,
        max_body_elements=MAX_ELEMENTS,
        policies={"PUT": Policy(Scope.USERS_WRITE, ("catalog.add_user", "catalog.change_user"))},
    )
    def bulk(self, request: Request) -> HttpResponse:
        """Create or replace 1 to 10,000 users by external id, and return the status of each.

        `status` is 201 for a new user, 200 for one that exists, 409 for an external id that an earlier row of
        the request has or whose user was merged into another one, and 422 for an invalid row; the others are
        stored. One line of JSON per user is accepted, too, as `application/x-ndjson`.
        """
        sent = sent_rows(request)
        now = timezone.now()
        return answer_once(
            request,
            lambda: digest(to_json(["/users/bulk", sent.digest])),
            lambda: put_users(sent.rows),
            now,
        )

    def destroy(self, request: Request, id: str) -> Response:
        """Delete a user and all their interactions."""
        return super().destroy(request, id)

    def add(self, **values: Any) -> User:
        return create_shopper(**values)

    def change(self, row: User, **values: Any) -> User:
        return change_shopper(shopper=row, **values)

    def remove(self, row: User) -> None:
        delete_shopper(shopper=row)


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

    def known_parameters(self) -> set[str]:
        return {*super().known_parameters(), *(("cursor",) if self.action == "list" else ())}

    def get_queryset(self) -> QuerySet[Interaction]:
        id = self.kwargs["id"]
        user = selectors.shoppers().filter(**lookup(id)).first() or _former_user(self.request, id)
        if user is None:
            raise NotFound(f"There is no user {cut(id)!r}.")
        return selectors.history(user)

    def list(self, request: Request, **kwargs: str) -> HttpResponse:
        """List a user's interactions, paginated."""
        return super().list(request, **kwargs)

    def payload(self, row: Interaction) -> Payload:
        return history_payload(row)
