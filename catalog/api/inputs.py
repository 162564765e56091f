"""Serializers of the request bodies for users, categories and products."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.validators import UniqueValidator

from catalog import cells
from catalog.models import Category, FormerUser, Product, User
from catalog.models.attributes import MAX_ATTRIBUTES, MAX_VALUES, Attributes, attributes_of
from catalog.models.product import MAX_STOCK, sale_faults
from core.api.json_fields import FreeingField, StrictBooleanField, StrictCharField, StrictListField
from core.api.serializers import Reference
from core.references import BadReference, as_lookup, read_reference
from core.text import (
    MAX_ERRORS,
    MAX_LENGTH,
    MAX_PATH_LENGTH,
    MAX_TAGS,
    MAX_TEXT_LENGTH,
    MAX_URL_LENGTH,
    clean,
    validate_category_name,
    validate_external_id,
    validate_line,
    validate_text,
    validate_url,
)


class Input(serializers.Serializer[Any]):
    """Serializer that rejects unknown fields, so that a misspelt name is reported."""

    def to_internal_value(self, data: Any) -> Any:
        known = self.fields
        if isinstance(data, Mapping) and (unknown := [name for name in data if name not in known]):
            message = f"Unknown field. Allowed: {', '.join(known)}."
            errors = {name: [message] for name in unknown[:MAX_ERRORS]}
            if (n_more := len(unknown) - MAX_ERRORS) > 0:
                errors["non_field_errors"] = [f"And {n_more} more unknown fields."]
            raise serializers.ValidationError(errors)
        return super().to_internal_value(data)


class CleanCharField(StrictCharField):
    """A JSON string, in NFC and without invisible characters."""

    def to_internal_value(self, data: Any) -> str:
        return super().to_internal_value(clean(data) if isinstance(data, str) else data)


def name_field(**kwargs: Any) -> StrictCharField:
    return CleanCharField(max_length=MAX_LENGTH, validators=[validate_line], **kwargs)


def external_id_field(model: type[Product] | type[User]) -> StrictCharField:
    taken = UniqueValidator(
        model._default_manager.all(),
        message=f"Another {model._meta.verbose_name} already has this external ID.",
    )
    return CleanCharField(
        max_length=MAX_LENGTH,
        validators=[validate_external_id, taken],
        required=False,
        allow_null=True,
        help_text="The shop's own key, without a slash. If omitted, it is not changed.",
    )


class ReferenceField(Reference):
    """Reference in a request body; accepts the same values as ids in paths."""

    def to_internal_value(self, data: Any) -> dict[str, int | str]:
        try:
            return as_lookup(read_reference(data))
        except BadReference as error:
            raise serializers.ValidationError(str(error)) from error


class UserInput(Input):
    """A user of the shop."""

    id = serializers.IntegerField(read_only=True)
    external_id = external_id_field(User)
    name = name_field(help_text="The name used to address the person.")

    def validate_external_id(self, key: str | None) -> str | None:
        """Return the external id if it is not that of a user that was merged."""
        former = key and FormerUser.objects.filter(external_id=key).first()
        if former:
            raise serializers.ValidationError(f"Leads to user {former.user_id}: its user was merged.")
        return key


class MergeInput(Input):
    """The user that is left."""

    into = ReferenceField()


@extend_schema_field({"type": "integer", "minimum": 1})
class ParentField(FreeingField):
    """A category, by its id."""

    default_error_messages: ClassVar = {
        "unknown": "There is no such category; must be an id, see /categories."
    }

    def to_internal_value(self, data: Any) -> Category:
        is_id = isinstance(data, int) and not isinstance(data, bool) and 0 < data < 2**63
        found = Category.objects.filter(pk=data).first() if is_id else None
        if found is None:
            self.fail("unknown")
        return found


class CategoryField(StrictCharField):
    """The path of a category."""

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if any(len(part.strip()) > MAX_LENGTH for part in text.split(">")):
            raise serializers.ValidationError(f"Ensure this field has no more than {MAX_LENGTH} characters.")
        try:
            return cells.category_path(text)
        except ValidationError as error:
            message = str(error.messages[0])
            raise serializers.ValidationError(message[:1].upper() + message[1:].rstrip(".") + ".") from None


class CategoryInput(Input):
    """A category."""

    id = serializers.IntegerField(read_only=True)
    name = StrictCharField(max_length=MAX_LENGTH, validators=[validate_category_name])
    parent = ParentField(  # type: ignore[assignment]
        required=False,
        allow_null=True,
        help_text="The id of the category above it; null: it is at the top. If omitted, it is not changed.",
    )
    path = serializers.CharField(read_only=True)
    product_count = serializers.IntegerField(read_only=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Return the values. Raises ValidationError if there is another one, or it would be below itself."""
        category = Category(pk=self.instance and self.instance.pk)
        for name in ("name", "parent"):
            setattr(category, name, attrs.get(name, getattr(self.instance, name, None)))
        try:
            category.clean()
        except ValidationError as error:
            raise serializers.ValidationError(error.message_dict) from None
        return attrs


@extend_schema_field({"type": "number", "minimum": 0, "example": 9.99})
class PriceField(FreeingField, serializers.DecimalField):
    """A price as a number or text: zero or more, with at most two decimal places and any zeros after them."""

    def validate_precision(self, value: Decimal) -> Decimal:
        found: Decimal = super().validate_precision(cells.without_zeros(value))
        return found


@extend_schema_field({"type": "string", "maxLength": MAX_TEXT_LENGTH})
class MultilineTextField(CleanCharField):
    """A text of several lines."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validators=[validate_text], **kwargs)


class StockField(serializers.IntegerField):
    """The number left: a whole number as JSON or text, also with zeros as decimals; 0 for one below 0."""

    default_error_messages: ClassVar = {
        "whole": f"Must be a whole number from 0 to {MAX_STOCK}, or null if the stock is not tracked."
    }

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int | float | str):
            self.fail("whole")
        try:
            left = cells.stock(f"{data:.0f}" if isinstance(data, float) and data.is_integer() else str(data))
        except ValidationError:
            left = None
        if left is None:
            self.fail("whole")
        return left


@extend_schema_field({"type": "string", "format": "date-time"})
class TimeField(FreeingField):
    """A time in ISO 8601; without an offset it is UTC."""

    default_error_messages: ClassVar = {"invalid": f"M{cells.TIME_EXPECTED[1:]}."}

    def to_internal_value(self, data: Any) -> datetime:
        at = cells.moment(data) if isinstance(data, str) and len(data) <= MAX_LENGTH else None
        if at is None:
            self.fail("invalid")
        return at

    def to_representation(self, value: datetime) -> datetime:
        return value


def url_field(help_text: str) -> StrictCharField:
    return StrictCharField(
        max_length=MAX_URL_LENGTH,
        validators=[validate_url],
        required=False,
        allow_blank=True,
        help_text=f"{help_text}: http or https. If omitted, it is not changed.",
    )


@extend_schema_field(
    {
        "type": "object",
        "maxProperties": MAX_ATTRIBUTES,
        "additionalProperties": {
            "type": "array",
            "minItems": 1,
            "maxItems": MAX_VALUES,
            "items": {"type": "string", "maxLength": MAX_LENGTH},
        },
        "example": {"colour": ["red", "blue"], "size": ["M"]},
    }
)
class AttributesField(FreeingField):
    """Attributes of a product: names, each with a list of texts."""

    def to_internal_value(self, data: Any) -> Attributes:
        try:
            return attributes_of(data)
        except ValidationError as error:
            message = str(error.messages[0])
        raise serializers.ValidationError(f"{message[:1].upper()}{message[1:]}.")


class ProductInput(Input):
    """A product. PUT replaces it: an omitted category, description or list of tags is removed."""

    id = serializers.IntegerField(read_only=True)
    external_id = external_id_field(Product)
    name = name_field()
    category = CategoryField(
        max_length=MAX_PATH_LENGTH,
        default=None,
        allow_null=True,
        help_text="The category's name, or its path such as `Home > Kitchen > Cups`. New ones are created.",
    )
    brand = name_field(required=False, allow_blank=True, help_text="If omitted, it is not changed.")
    group = name_field(
        required=False,
        allow_blank=True,
        help_text="The same text for all variants of one article: a list shows the best one of them only. "
        "If omitted, it is not changed.",
    )
    price = PriceField(max_digits=12, decimal_places=2, min_value=0)
    sale_price = PriceField(
        max_digits=12,
        decimal_places=2,
        min_value=0,
        required=False,
        allow_null=True,
        help_text="Counts instead of the price while the sale lasts. Not above the price. Null: no sale. "
        "If omitted, it is not changed.",
    )
    sale_from = TimeField(
        required=False,
        allow_null=True,
        help_text="When the sale begins. Null: it has begun. If omitted, it is not changed.",
    )
    sale_until = TimeField(
        required=False,
        allow_null=True,
        help_text="When the sale is over. Null: it has no end. If omitted, it is not changed.",
    )
    stock = StockField(
        required=False,
        allow_null=True,
        min_value=0,
        max_value=MAX_STOCK,
        help_text="The number left. 0 or less: sold out, and not recommended; stored as 0. "
        "Null: not tracked. If omitted, it is not changed.",
    )
    url = url_field("The product's page in the shop")
    image_url = url_field("The product's picture")
    description = MultilineTextField(default="", allow_blank=True)
    tags = StrictListField(
        child=name_field(),
        default=list,
        max_length=MAX_TAGS,
        help_text="The tags' names; a new name creates a tag.",
    )
    current_price = serializers.FloatField(read_only=True)
    currency = serializers.CharField(read_only=True)
    attributes = AttributesField(
        required=False,
        help_text=f"Up to {MAX_ATTRIBUTES} names, each with a list of up to {MAX_VALUES} texts. "
        "If omitted, they are not changed.",
    )
    is_active = StrictBooleanField(
        required=False, help_text="False: only staff see the product. If omitted, it is not changed."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Return the values. Raises ValidationError if they do not fit together, or to the stored ones."""
        if faults := sale_faults(attrs, self.instance):
            raise serializers.ValidationError({name: [message] for name, message in faults.items()})
        return attrs
