"""POST /interactions: what shoppers did, one event or a thousand at a time."""

from django.utils import timezone
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from catalog.api.payloads import interaction_payload
from catalog.api.rows import EventInput, InteractionList, InteractionRow
from catalog.api.viewsets import StrictQuery
from catalog.services.interactions import record_interactions

ANSWER = PolymorphicProxySerializer("Recorded", [InteractionRow, InteractionList], None, many=False)


class InteractionViewSet(StrictQuery, ViewSet):
    """Events, stored all or none."""

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
        """Store one event, or a list of 1 to 1,000; all of them or, when one is wrong, none. Staff only.

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
