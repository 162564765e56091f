"""Serializers of the response rows for the OpenAPI schema; payloads.py makes the rows."""

from typing import Any, get_type_hints

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from catalog.models import ActionType
from catalog.selectors import ProductDetails
from core.api.serializers import Reference, Row, TypedRow


class UserRow(Row):
    id = serializers.IntegerField()
    external_id = serializers.CharField(allow_null=True)
    name = serializers.CharField()


class MergedRow(Row):
    user = UserRow(help_text="The user that is left.")
    moved = serializers.IntegerField(help_text="The events that became theirs.")
    repeated = serializers.IntegerField(help_text="The events that they had already; they are kept once.")


class CategoryRow(Row):
    id = serializers.IntegerField()
    name = serializers.CharField()
    path = serializers.CharField(
        help_text="The names of the categories above it and its own, with ` > ` between."
    )
    parent = serializers.IntegerField(  # type: ignore[assignment]
        allow_null=True, help_text="The id of the category above it."
    )
    product_count = serializers.IntegerField(help_text="The number of active products in it.")


@extend_schema_serializer(many=False)
class CategoryList(Row):
    count = serializers.IntegerField()
    categories = CategoryRow(many=True)


CURRENT_PRICE = "`sale_price` while the sale lasts, else `price`. Filters by price go by it."
CURRENCY = "The currency of all prices (ISO 4217), from the setting `CURRENCY`."


class AttributesRow(serializers.DictField):
    """Attributes of a product: names, each with a list of texts."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=serializers.ListField(child=serializers.CharField()), **kwargs)


class ProductRow(TypedRow):
    types = get_type_hints(ProductDetails)
    category = serializers.CharField(
        allow_null=True, help_text="The category's path, such as `Home > Kitchen`."
    )
    current_price = serializers.FloatField(help_text=CURRENT_PRICE)
    currency = serializers.CharField(help_text=CURRENCY)
    stock = serializers.IntegerField(
        allow_null=True, min_value=0, help_text="The number left. 0: sold out. Null: not tracked."
    )
    tags = serializers.ListField(child=serializers.CharField(), help_text="The tags' names.")
    attributes = AttributesRow()
    is_active = serializers.BooleanField(
        required=False, help_text="Only for staff, and for API keys that may write the catalogue."
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

    # For the schema only; catalog.services.events validates events faster.

    user_id = Reference()
    product_id = Reference()
    action_type = serializers.ChoiceField(choices=ActionType.choices)
    occurred_at = serializers.DateTimeField(
        required=False,
        allow_null=True,
        help_text="ISO 8601 with a UTC offset, from 1970 to one day from now. Default: now.",
    )
    event_id = serializers.CharField(
        required=False,
        allow_null=True,
        max_length=255,
        help_text="Your identifier of the event, such as `order-1001-line-2`. The same event sent again is "
        "stored once; another event with the same id is refused with 409. Must not begin with import:.",
    )


class CorrectionInput(Row):
    """What to change of an event. Fields that are left out stay."""

    product_id = Reference(required=False)
    action_type = serializers.ChoiceField(choices=ActionType.choices, required=False)
    occurred_at = serializers.DateTimeField(
        required=False, help_text="ISO 8601 with a UTC offset, from 1970 to one day from now."
    )


class EventFault(Row):
    field = serializers.CharField(allow_null=True)
    value = serializers.JSONField(allow_null=True, help_text="The value sent, shortened if it is long.")
    message = serializers.CharField(help_text="What is wrong and what is allowed.")


class EventResult(Row):
    index = serializers.IntegerField(help_text="The event's position in the body, from 0.")
    status = serializers.IntegerField(
        min_value=200,
        max_value=422,
        help_text="201: stored; 200: already stored; 409: its `event_id` is that of another event; "
        "422: invalid. The last two are not stored.",
    )
    id = serializers.IntegerField(allow_null=True, help_text="The id of the stored event.")
    errors = EventFault(  # type: ignore[assignment]
        many=True,
        required=False,
        help_text="Of an invalid event. The first 1,000 errors of a request are described.",
    )


@extend_schema_serializer(many=False)
class BulkResult(Row):
    count = serializers.IntegerField(help_text="The number of events sent.")
    stored = serializers.IntegerField()
    repeated = serializers.IntegerField()
    refused = serializers.IntegerField()
    results = EventResult(many=True, help_text="In the order of the events sent.")


class RowResult(Row):
    index = serializers.IntegerField(help_text="The row's position in the body, from 0.")
    status = serializers.IntegerField(
        min_value=200,
        max_value=422,
        help_text="201: created; 200: changed, or as it was; 409: an earlier row has its external id, or its "
        "user was merged into another one; 422: invalid. The last two are not stored.",
    )
    id = serializers.IntegerField(allow_null=True, help_text="The id of the stored row.")
    errors = EventFault(  # type: ignore[assignment]
        many=True,
        required=False,
        help_text="Of a row that is not stored. The first 1,000 errors of a request are described.",
    )


@extend_schema_serializer(many=False)
class BulkUserResult(Row):
    count = serializers.IntegerField(help_text="The number of rows sent.")
    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    refused = serializers.IntegerField()
    results = RowResult(many=True, help_text="In the order of the rows sent.")


class MissingProducts(Row):
    count = serializers.IntegerField(help_text="The active products that no call of the import had.")
    deactivated = serializers.IntegerField(help_text="How many of them were deactivated.")


@extend_schema_serializer(many=False)
class BulkProductResult(BulkUserResult):
    missing = MissingProducts(required=False, help_text="Present after the last call of an import.")
