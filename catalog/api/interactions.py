"""POST /interactions: what shoppers did, one event or a thousand at a time, and /interactions/bulk."""

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, PolymorphicProxySerializer, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from access.permissions import caller
from access.policies import Policy
from access.scopes import Scope
from access.throttle_scopes import ThrottleScope, posting
from catalog.api.bulk import (
    MULTI_STATUS,
    NOTHING,
    JsonArrayParser,
    JsonLinesParser,
    ParsedEvents,
    answer_body,
)
from catalog.api.payloads import interaction_payload
from catalog.api.serializers import BulkResult, EventInput, InteractionList, InteractionRow
from catalog.services import idempotency
from catalog.services.bulk_interactions import record_each
from catalog.services.idempotency import StoredResponse
from catalog.services.interactions import record_interactions
from core.api.renderers import OrjsonRenderer
from core.api.viewsets import StrictQuery
from core.text import MAX_LENGTH

ANSWER = PolymorphicProxySerializer("Recorded", [InteractionRow, InteractionList], None, many=False)
_KEY = OpenApiParameter(
    idempotency.HEADER,
    {"type": "string", "minLength": 1, "maxLength": MAX_LENGTH, "pattern": "^[!-~]+$"},
    OpenApiParameter.HEADER,
    description="Yours for this request: sent again within 24 hours with the same body, it stores nothing "
    "and gives the same answer.",
)


class InteractionViewSet(StrictQuery, ViewSet):
    """Events."""

    policies = {"POST": Policy(Scope.EVENTS_WRITE, ("catalog.add_interaction",))}
    throttle_scopes = posting(ThrottleScope.WRITE)
    also_answers = ("422",)

    @extend_schema(
        request=PolymorphicProxySerializer(
            "Events",
            [EventInput, EventInput(many=True)],
            None,
            many=False,
        ),
        responses={201: ANSWER, 200: ANSWER},
    )
    def create(self, request: Request) -> Response:
        """Store one event, or a list of 1 to 1,000; all of them or, when one is wrong, none.

        A repeated `event_id` is stored once and answered with the stored row: 200 when all were
        repeats, else 201. `occurred_at` may lie at most a day ahead. In a problem's `errors`,
        `index` is the event's place in the list, 0 for a single one.
        """
        sent = request.data
        events = sent if isinstance(sent, list) else [sent]
        recorded = record_interactions(events=events, now=timezone.now())
        rows = [interaction_payload(row) for row in recorded.rows]
        return Response(
            {"count": len(rows), "interactions": rows} if isinstance(sent, list) else rows[0],
            status=status.HTTP_201_CREATED if recorded.n_new else status.HTTP_200_OK,
        )

    @extend_schema(
        parameters=[_KEY],
        request={
            "application/json": EventInput(many=True),
            "application/x-ndjson": {"type": "string", "description": "A line of JSON for each event."},
        },
        responses={207: BulkResult},
    )
    @action(
        detail=False,
        methods=["post"],
        parser_classes=[JsonArrayParser, JsonLinesParser],
        throttle_scopes=posting(ThrottleScope.BULK),
    )
    def bulk(self, request: Request) -> HttpResponse:
        """Store 1 to 10,000 events, and say of each what became of it.

        `index` is its place among those sent, from 0. Its `status` is 201 for a new one, 200 for an
        `event_id` that is stored already, 422 for one that is wrong; that one is not stored, the others are.
        """
        # An empty body reaches no parser.
        sent = request.data if isinstance(request.data, ParsedEvents) else NOTHING
        now = timezone.now()

        def answer() -> StoredResponse:
            return StoredResponse(MULTI_STATUS, answer_body(record_each(events=sent.events, now=now)))

        key = request.headers.get(idempotency.HEADER)
        if key is None:
            answered = answer()
        else:
            answered = idempotency.once(idempotency.Request(caller(request), key, sent.digest), answer, now)
        headers = {"Idempotency-Replayed": "true"} if answered.is_again else {}
        return HttpResponse(
            answered.body, status=answered.status, content_type=OrjsonRenderer.media_type, headers=headers
        )
