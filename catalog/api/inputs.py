"""What staff may send: the shape of the bodies, checked field by field."""

from collections.abc import Mapping
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.validators import UniqueValidator

from catalog.models import Category, Product, User
from catalog.models.product import MOST_STOCK
from core.api.json_fields import Flag, Text
from core.text import LONGEST_TEXT, MAX_LENGTH, MOST_TAGS, validate_external_id, validate_line, validate_text


class Input(serializers.Serializer[Any]):
    """Refuses a field that it does not know: a slip of the pen is told, not dropped."""

    def to_internal_value(self, data: Any) -> Any:
        known = self.fields
        if isinstance(data, Mapping) and (unknown := [name for name in data if name not in known]):
            message = f"Unknown field; known: {', '.join(known)}."
            raise serializers.ValidationError({name: [message] for name in unknown})
        return super().to_internal_value(data)


def name_field(**kwargs: Any) -> Text:
    return Text(max_length=MAX_LENGTH, validators=[validate_line, *kwargs.pop("unique", ())], **kwargs)


def external_id_field(model: type[Product] | type[User]) -> Text:
    taken = UniqueValidator(
        model._default_manager.all(),
        message=f"Another {model._meta.verbose_name} has this external ID; each has its own.",
    )
    return Text(
        max_length=MAX_LENGTH,
        validators=[validate_external_id, taken],
        required=False,
        allow_null=True,
        help_text="The shop's own key, without a slash. Left out, it stays as it is.",
    )


class UserInput(Input):
    """A shopper."""

    id = serializers.IntegerField(read_only=True)
    external_id = external_id_field(User)
    name = name_field(help_text="How the person is addressed.")


class CategoryInput(Input):
    """A category."""

    id = serializers.IntegerField(read_only=True)
    name = name_field(
        unique=[UniqueValidator(Category.objects.all(), message="Another category has this name.")]
    )
    product_count = serializers.IntegerField(read_only=True)


@extend_schema_field(
    {
        "oneOf": [
            {"type": "number", "minimum": 0},
            {"type": "string", "pattern": r"^[0-9]{1,10}(\.[0-9]{1,2})?$"},
        ],
        "example": 9.99,
    }
)
class Price(serializers.DecimalField):
    """An amount of money: zero or more, at most two decimals."""


@extend_schema_field({"type": "string", "maxLength": LONGEST_TEXT})
class Lines(Text):
    """A text of several lines."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validators=[validate_text], **kwargs)


class Stock(serializers.IntegerField):
    """How many are left: a number, as JSON has them; 1.0, "1" and true are something else."""

    default_error_messages: ClassVar = {
        "whole": f"Must be a whole number from 0 to {MOST_STOCK}, or null when it is not tracked."
    }

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int) or not 0 <= data <= MOST_STOCK:
            self.fail("whole")
        return data


class ProductInput(Input):
    """A product. PUT replaces: a category, description or tags left out are taken away."""

    id = serializers.IntegerField(read_only=True)
    external_id = external_id_field(Product)
    name = name_field()
    category = name_field(
        default=None, allow_null=True, help_text="Its name; a new name makes a new category."
    )
    price = Price(max_digits=12, decimal_places=2, min_value=0)
    stock = Stock(
        required=False,
        allow_null=True,
        min_value=0,
        max_value=MOST_STOCK,
        help_text="How many are left; 0 is sold out, and recommended to nobody. Null: not tracked. "
        "Left out, it stays as it is.",
    )
    description = Lines(default="", allow_blank=True)
    tags = serializers.ListField(
        child=name_field(),
        default=list,
        max_length=MOST_TAGS,
        help_text="Their names; new names make new tags.",
    )
    is_active = Flag(
        required=False, help_text="False shows it to nobody but staff. Left out, it stays as it is."
    )
