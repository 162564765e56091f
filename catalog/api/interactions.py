"""POST /interactions and POST /interactions/bulk: recording of events."""

import hashlib
from collections.abc import Callable
from datetime import datetime

import orjson
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, PolymorphicProxySerializer, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.viewsets import ViewSet

from access.permissions import caller
from access.policies import Policy
from access.scopes import Scope
from access.throttle_scopes import ThrottleScope, posting
from catalog.api.bulk import (
    MAX_BYTES,
    MAX_ELEMENTS,
    MULTI_STATUS,
    NO_EVENTS,
    JsonArrayParser,
    JsonLinesParser,
    ParsedEvents,
    response_body,
)
from catalog.api.payloads import interaction_payload
from catalog.api.serializers import BulkResult, EventInput, InteractionList, InteractionRow
from catalog.services import idempotency
from catalog.services.bulk_interactions import record_each
from catalog.services.event_insert import StoredEvent
from catalog.services.idempotency import StoredResponse
from catalog.services.interactions import MAX_EVENTS, record_interactions
from core.api.renderers import OrjsonRenderer
from core.api.views import KIB
from core.api.viewsets import StrictQuery
from core.text import MAX_LENGTH

ANSWER = PolymorphicProxySerializer("Recorded", [InteractionRow, InteractionList], None, many=False)
_KEY = OpenApiParameter(
    idempotency.HEADER,
    {"type": "string", "minLength": 1, "maxLength": MAX_LENGTH, "pattern": "^[!-~]+$"},
    OpenApiParameter.HEADER,
    description="A key of your choice for this request. A request with the same key and body within 24 hours "
    "stores nothing and returns the same response.",
)


class InteractionViewSet(StrictQuery, ViewSet):
    """What users did with products."""

    policies = {"POST": Policy(Scope.EVENTS_WRITE, ("catalog.add_interaction",))}
    throttle_scopes = posting(ThrottleScope.WRITE)
    max_body_bytes = MAX_EVENTS * KIB  # an event of fields of the maximum length
    # One statement stores all events and commits by itself. The response is rendered before, too, so that an
    # event is not stored whose response cannot be.
    is_atomic = False
    also_answers = ("422",)

    @extend_schema(
        parameters=[_KEY],
        request=PolymorphicProxySerializer(
            "Events",
            [EventInput, EventInput(many=True)],
            None,
            many=False,
        ),
        responses={201: ANSWER, 200: ANSWER},
    )
    def create(self, request: Request) -> HttpResponse:
        """Store one event, or a list of 1 to 1,000. If any event is invalid, none is stored.

        A repeated `event_id` is stored once, and the response contains the stored row: 200 if all
        events were repeats, otherwise 201. `occurred_at` may be at most one day in the future. In
        `errors`, `index` is the event's position in the list, 0 for a single event.
        """
        sent, now = request.data, timezone.now()
        events = sent if isinstance(sent, list) else [sent]

        def answer() -> StoredResponse:
            recorded = record_interactions(events=events, now=now, before=_rendered)
            body = _rendered(recorded.rows, is_list=isinstance(sent, list))
            return StoredResponse(status.HTTP_201_CREATED if recorded.n_new else status.HTTP_200_OK, body)

        return _once(request, lambda: _digest(sent), answer, now)

    @extend_schema(
        parameters=[_KEY],
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
        `event_id` that is already stored, and 422 for an invalid event; the valid ones are stored.
        """
        # REST framework does not call a parser for an empty body.
        sent = request.data if isinstance(request.data, ParsedEvents) else NO_EVENTS
        now = timezone.now()

        def answer() -> StoredResponse:
            return StoredResponse(MULTI_STATUS, response_body(record_each(events=sent.events, now=now)))

        return _once(request, lambda: sent.digest, answer, now)


def _once(
    request: Request, digest: Callable[[], str], answer: Callable[[], StoredResponse], now: datetime
) -> HttpResponse:
    """Return the response of answer(), or the one that is stored for the request's Idempotency-Key.

    A Response of REST framework would take a tenth of the time of the whole request.
    """
    key = request.headers.get(idempotency.HEADER)
    if key is None:
        response = answer()
    else:
        repeatable = idempotency.IdempotentRequest(caller(request), key, digest())
        response = idempotency.respond_once(repeatable, answer, now)
    headers = {"Idempotency-Replayed": "true"} if response.is_replay else {}
    return HttpResponse(
        response.body, status=response.status, content_type=OrjsonRenderer.media_type, headers=headers
    )


def _digest(sent: object) -> str:
    """Return the SHA-256 of the events, whatever the white space between them. No body of /bulk has it."""
    return hashlib.sha256(b"/interactions " + orjson.dumps(sent)).hexdigest()


def _rendered(rows: list[StoredEvent], *, is_list: bool = True) -> bytes:
    shown = [interaction_payload(row) for row in rows]
    return OrjsonRenderer().render({"count": len(shown), "interactions": shown} if is_list else shown[0])
