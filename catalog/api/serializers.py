"""The shape of the rows that the API answers, for the schema; payloads.py makes them."""

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from catalog.models import ActionType
from core.api.serializers import Reference, Row


class UserRow(Row):
    id = serializers.IntegerField()
    external_id = serializers.CharField(allow_null=True)
    name = serializers.CharField()


class CategoryRow(Row):
    id = serializers.IntegerField()
    name = serializers.CharField()
    product_count = serializers.IntegerField(help_text="Active products in it.")


@extend_schema_serializer(many=False)
class CategoryList(Row):
    count = serializers.IntegerField()
    categories = CategoryRow(many=True)


class ProductRow(Row):
    id = serializers.IntegerField()
    external_id = serializers.CharField(allow_null=True)
    name = serializers.CharField()
    category = serializers.CharField(allow_null=True, help_text="Its name.")
    price = serializers.FloatField()
    stock = serializers.IntegerField(
        allow_null=True, min_value=0, help_text="How many are left; 0 is sold out, null is not tracked."
    )
    description = serializers.CharField()
    tags = serializers.ListField(child=serializers.CharField(), help_text="Their names.")
    is_active = serializers.BooleanField(
        required=False, help_text="Told to staff, and to keys that write the catalogue."
    )


class HistoryRow(Row):
    id = serializers.IntegerField()
    product_id = serializers.IntegerField()
    product_name = serializers.CharField()
    action_type = serializers.ChoiceField(choices=ActionType.choices)
    occurred_at = serializers.DateTimeField()


class InteractionRow(Row):
    id = serializers.IntegerField()
    user_id = serializers.IntegerField()
    product_id = serializers.IntegerField()
    action_type = serializers.ChoiceField(choices=ActionType.choices)
    occurred_at = serializers.DateTimeField()
    event_id = serializers.CharField(allow_null=True)


class InteractionList(Row):
    count = serializers.IntegerField()
    interactions = InteractionRow(many=True)


class EventInput(Row):
    """One event."""

    # For the schema only: catalog.services.events reads a thousand of them faster.

    user_id = Reference(help_text="A number, or `ext:<external id>`.")
    product_id = Reference(help_text="A number, or `ext:<external id>`.")
    action_type = serializers.ChoiceField(choices=ActionType.choices)
    occurred_at = serializers.DateTimeField(
        required=False,
        allow_null=True,
        help_text="ISO 8601 with offset, from 1970 to a day from now. Left out: now.",
    )
    event_id = serializers.CharField(
        required=False,
        allow_null=True,
        max_length=255,
        help_text="Your name for the event: sent again, it is answered with the stored row. "
        "Must not begin with import:.",
    )


class EventFault(Row):
    field = serializers.CharField(allow_null=True)
    value = serializers.JSONField(allow_null=True, help_text="What was sent, cut when long.")
    message = serializers.CharField(help_text="What would be right.")


class EventResult(Row):
    index = serializers.IntegerField(help_text="The event's place among those sent, from 0.")
    status = serializers.ChoiceField(
        choices=[200, 201, 422], help_text="201: stored; 200: stored before; 422: wrong, and not stored."
    )
    id = serializers.IntegerField(allow_null=True, help_text="Of the stored event.")
    errors = EventFault(many=True, required=False)  # type: ignore[assignment]


@extend_schema_serializer(many=False)
class BulkResult(Row):
    count = serializers.IntegerField(help_text="How many events were sent.")
    stored = serializers.IntegerField()
    repeated = serializers.IntegerField()
    refused = serializers.IntegerField()
    results = EventResult(many=True, help_text="In the order of the events.")
