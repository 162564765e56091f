"""POST /interactions and POST /interactions/bulk: recording of events."""

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.request import Request
from rest_framework.viewsets import ViewSet

from access.permissions import require
from access.policies import Policy
from access.scopes import Scope
from access.throttle_scopes import ThrottleScope, posting
from catalog.api.bulk import (
    MAX_BYTES,
    MAX_ELEMENTS,
    MULTI_STATUS,
    NO_ARRAY,
    JsonArrayParser,
    JsonLinesParser,
    digest,
    response_body,
    sent_rows,
)
from catalog.api.idempotent import KEY, answer_once
from catalog.api.payloads import interaction_payload
from catalog.api.serializers import BulkResult, EventInput, InteractionList, InteractionRow
from catalog.services.bulk_interactions import record_each
from catalog.services.event_insert import StoredEvent
from catalog.services.idempotency import StoredResponse
from catalog.services.interactions import MAX_EVENTS, record_interactions
from core.api.responses import OrjsonRenderer, to_json
from core.api.views import KIB, StrictQuery

CREATE = OpenApiParameter(
    "create",
    {"type": "boolean"},
    description="True: a user or product that does not exist is created, by its `ext:` id; the product stays "
    "inactive until an import, a call or staff fill it in. Needs the scopes `catalog:write` and "
    "`users:write`, too, unless the setting `CREATE_UNKNOWN` is on, which is the default of this parameter.",
)
_CREATING = (
    Policy(Scope.USERS_WRITE, ("catalog.add_user",)),
    Policy(Scope.CATALOG_WRITE, ("catalog.add_product",)),
)


def _event(event_id: str, product: str) -> dict[str, str]:
    return {"user_id": "ext:12347", "product_id": product, "action_type": "purchase", "event_id": event_id}


class InteractionViewSet(StrictQuery, ViewSet):
    """What users did with products."""

    tags = ["interactions"]
    operation_ids = {
        "create": "create_interaction",
        "batch": "create_interactions",
        "bulk": "create_interactions_in_bulk",
    }
    body_examples = {
        "create": _event("order-1001-line-1", "ext:2383"),
        "batch": [_event("order-1002-line-1", "ext:2383"), _event("order-1002-line-2", "ext:12")],
        "bulk": [_event("order-1003-line-1", "ext:2383"), _event("order-1003-line-2", "ext:12")],
    }
    policies = {"POST": Policy(Scope.EVENTS_WRITE, ("catalog.add_interaction",))}
    throttle_scopes = posting(ThrottleScope.WRITE)
    max_body_bytes = MAX_EVENTS * KIB  # an event of fields of the maximum length
    # One statement stores all events and commits by itself. The response is rendered before, too, so that an
    # event is not stored whose response cannot be.
    is_atomic = False
    also_answers = ("422",)
    no_array = NO_ARRAY

    def known_parameters(self) -> set[str]:
        return {"create"}

    @extend_schema(
        parameters=[KEY, CREATE], request=EventInput, responses={201: InteractionRow, 200: InteractionRow}
    )
    def create(self, request: Request) -> HttpResponse:
        """Store one event.

        An event that is sent again with its `event_id` is stored once, and the response is the stored row,
        with 200. The `event_id` of another event is 409. `occurred_at` may be at most one day in the future.

        A list of events is accepted, too, and answered as by `/interactions/batch`.
        """
        sent = request.data
        return self._recorded(request, sent if isinstance(sent, list) else [sent], isinstance(sent, list))

    @extend_schema(
        parameters=[KEY, CREATE],
        request=EventInput(many=True),
        responses={201: InteractionList, 200: InteractionList},
    )
    @action(detail=False, methods=["post"])
    def batch(self, request: Request) -> HttpResponse:
        """Store a list of 1 to 1,000 events, all or none.

        If any event is invalid, or has the `event_id` of another event, none is stored. In `errors`, `index`
        is the event's position in the list, from 0. 200 if all events were stored before, otherwise 201.
        """
        sent = request.data
        if not isinstance(sent, list):
            raise ParseError(NO_ARRAY)
        return self._recorded(request, sent, True)

    @extend_schema(
        parameters=[KEY, CREATE],
        request={
            "application/json": EventInput(many=True),
            "application/x-ndjson": {"type": "string", "description": "One line of JSON per event."},
        },
        responses={207: BulkResult},
    )
    @action(
        detail=False,
        methods=["post"],
        parser_classes=[JsonArrayParser, JsonLinesParser],
        throttle_scopes=posting(ThrottleScope.BULK),
        max_body_bytes=MAX_BYTES,
        max_body_elements=MAX_ELEMENTS,
        is_atomic=True,
    )
    def bulk(self, request: Request) -> HttpResponse:
        """Store 1 to 10,000 events and return the status of each.

        `index` is the event's position in the body, from 0. `status` is 201 for a new event, 200 for an
        event that is already stored, 409 for the `event_id` of another event, and 422 for an invalid event;
        the others are stored. One line of JSON per event is accepted, too, as `application/x-ndjson`.
        """
        sent = sent_rows(request)
        now, creates = timezone.now(), self._creates(request)

        def answer() -> StoredResponse:
            outcomes = record_each(events=sent.rows, now=now, creates=creates)
            return StoredResponse(MULTI_STATUS, response_body(outcomes))

        # The digest without `create` is that of the body alone.
        asked = _asked(request)
        return answer_once(
            request,
            lambda: digest(to_json(["/interactions/bulk", asked, sent.digest])) if asked else sent.digest,
            answer,
            now,
        )

    def _recorded(self, request: Request, events: list[Any], is_list: bool) -> HttpResponse:
        """Store the events and return their rows, as a list or the only one."""
        now, creates = timezone.now(), self._creates(request)

        def answer() -> StoredResponse:
            recorded = record_interactions(events=events, now=now, before=_rendered, creates=creates)
            code = status.HTTP_201_CREATED if recorded.n_new else status.HTTP_200_OK
            return StoredResponse(code, _rendered(recorded.rows, is_list=is_list))

        asked = _asked(request)
        return answer_once(
            request,
            lambda: digest(to_json(["/interactions", is_list, events, *([asked] if asked else [])])),
            answer,
            now,
        )

    def _creates(self, request: Request) -> bool:
        """Return whether users and products that do not exist are created. Raises PermissionDenied.

        A caller that may only send events must not fill the catalogue, unless the operator lets everybody.
        """
        asked = _asked(request)
        if asked is None:
            return settings.CREATE_UNKNOWN
        if asked and not settings.CREATE_UNKNOWN:
            for policy in _CREATING:
                require(request, self, policy)
        return asked


def _asked(request: Request) -> bool | None:
    """Return the parameter `create`, None without it. Raises ValidationError."""
    sent = request.query_params.get("create")
    if sent not in (None, "true", "false"):
        raise ValidationError({"create": ["Must be true or false."]})
    return None if sent is None else sent == "true"


def _rendered(rows: list[StoredEvent], *, is_list: bool = True) -> bytes:
    shown = [interaction_payload(row) for row in rows]
    return OrjsonRenderer().render({"count": len(shown), "interactions": shown} if is_list else shown[0])
