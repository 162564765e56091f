"""GET, PATCH and DELETE /interactions/{id}: one stored event."""

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from access.policies import Policy
from access.scopes import Scope
from access.throttle_scopes import READING_AND_WRITING
from catalog.api.payloads import interaction_payload
from catalog.api.serializers import CorrectionInput, InteractionRow
from catalog.errors import UnknownInteraction
from catalog.models import Interaction
from catalog.services.correction import Lookup, correct_interaction, delete_interaction
from catalog.services.event_insert import StoredEvent
from core.api.responses import json_response
from core.api.views import StrictQuery
from core.references import LARGEST_ID, PREFIX
from core.text import MAX_LENGTH, cut


class InteractionRowViewSet(StrictQuery, ViewSet):
    """An event by its number, or by its `event_id` as `ext:<event_id>`."""

    tags = ["interactions"]
    lookup_url_kwarg = "id"
    lookup_value_regex = "ext:.+?|[^/]+?"  # an event_id may have slashes
    operation_ids = {
        "retrieve": "get_interaction",
        "partial_update": "update_interaction",
        "destroy": "delete_interaction",
    }
    example_ids = {"": "ext:order-1001-line-1"}
    body_examples = {"partial_update": {"action_type": "cart"}}
    conditional = frozenset({"retrieve"})
    policies = {
        "GET": Policy(Scope.USERS_READ, is_open=True),
        "PATCH": Policy(Scope.USERS_WRITE, ("catalog.change_interaction",)),
        "DELETE": Policy(Scope.USERS_WRITE, ("catalog.delete_interaction",)),
    }
    throttle_scopes = READING_AND_WRITING

    @extend_schema(responses=InteractionRow)
    def retrieve(self, request: Request, id: str) -> HttpResponse:
        """Return one event."""
        lookup = _lookup(id)
        event = Interaction.objects.filter(**lookup).first()
        if event is None:
            raise UnknownInteraction(lookup)
        return json_response(request, interaction_payload(_stored(event)), to_anybody=False)

    @extend_schema(request=CorrectionInput, responses=InteractionRow)
    def partial_update(self, request: Request, id: str) -> Response:
        """Correct the product, the action or the time of an event.

        Recommendations count the event as it is now. Its user and its `event_id` stay.
        """
        event = correct_interaction(lookup=_lookup(id), sent=request.data, now=timezone.now())
        return Response(interaction_payload(_stored(event)))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, id: str) -> Response:
        """Delete an event, which no longer counts. Sent again with its `event_id`, it is stored anew."""
        delete_interaction(lookup=_lookup(id))
        return Response(status=status.HTTP_204_NO_CONTENT)


def _lookup(id: str) -> Lookup:
    """Return the filter that finds the event. Raises NotFound for what no event can be called."""
    key = id.removeprefix(PREFIX)
    if id.startswith(PREFIX) and len(key) <= MAX_LENGTH and key.isprintable():
        return {"event_key": key}
    if id.isascii() and id.isdigit() and len(id) < 20 and 0 < int(id) <= LARGEST_ID:
        return {"pk": int(id)}
    raise NotFound(
        f"Invalid id {cut(id)!r}. Must be a whole number from 1 to {LARGEST_ID}, or ext:<event_id>."
    )


def _stored(event: Interaction) -> StoredEvent:
    return StoredEvent(
        event.pk, event.user_id, event.product_id, event.action_type, event.occurred_at, event.event_key
    )
