"""Serializers of the request bodies for users, categories and products."""

from collections.abc import Mapping
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.validators import UniqueValidator

from catalog.models import Category, FormerUser, Product, User
from catalog.models.product import MAX_STOCK
from core.api.json_fields import FreeingField, StrictBooleanField, StrictCharField, StrictListField
from core.api.serializers import Reference
from core.references import BadReference, as_lookup, read_reference
from core.text import (
    MAX_ERRORS,
    MAX_LENGTH,
    MAX_TAGS,
    MAX_TEXT_LENGTH,
    clean,
    comparable,
    validate_external_id,
    validate_line,
    validate_text,
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

    into = ReferenceField(help_text="The user's numeric id, or `ext:<external id>`.")


class CategoryInput(Input):
    """A category."""

    id = serializers.IntegerField(read_only=True)
    name = name_field()
    product_count = serializers.IntegerField(read_only=True)

    def validate_name(self, name: str) -> str:
        """Return the name if no other category has it in any case or Unicode form."""
        same = Category.objects.filter(comparable_name=comparable(name))
        if self.instance is not None:
            same = same.exclude(pk=self.instance.pk)
        if same.exists():
            raise serializers.ValidationError("Another category already has this name.")
        return name


@extend_schema_field(
    {
        "oneOf": [
            {"type": "number", "minimum": 0},
            {"type": "string", "pattern": r"^[0-9]{1,10}(\.[0-9]{1,2})?$"},
        ],
        "example": 9.99,
    }
)
class PriceField(FreeingField, serializers.DecimalField):
    """A price: zero or more, with at most two decimal places."""


@extend_schema_field({"type": "string", "maxLength": MAX_TEXT_LENGTH})
class MultilineTextField(CleanCharField):
    """A text of several lines."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validators=[validate_text], **kwargs)


class StockField(serializers.IntegerField):
    """The number left, as a JSON integer; rejects 1.0, "1" and true."""

    default_error_messages: ClassVar = {
        "whole": f"Must be a whole number from 0 to {MAX_STOCK}, or null if the stock is not tracked."
    }

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int) or not 0 <= data <= MAX_STOCK:
            self.fail("whole")
        return data


class ProductInput(Input):
    """A product. PUT replaces it: an omitted category, description or list of tags is removed."""

    id = serializers.IntegerField(read_only=True)
    external_id = external_id_field(Product)
    name = name_field()
    category = name_field(
        default=None, allow_null=True, help_text="The category's name; a new name creates a category."
    )
    brand = name_field(required=False, allow_blank=True, help_text="If omitted, it is not changed.")
    price = PriceField(max_digits=12, decimal_places=2, min_value=0)
    stock = StockField(
        required=False,
        allow_null=True,
        min_value=0,
        max_value=MAX_STOCK,
        help_text="The number left. 0: sold out, and not recommended. Null: not tracked. "
        "If omitted, it is not changed.",
    )
    description = MultilineTextField(default="", allow_blank=True)
    tags = StrictListField(
        child=name_field(),
        default=list,
        max_length=MAX_TAGS,
        help_text="The tags' names; a new name creates a tag.",
    )
    is_active = StrictBooleanField(
        required=False, help_text="False: only staff see the product. If omitted, it is not changed."
    )
