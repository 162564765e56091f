"""Filters and ordering of /products."""

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone
from django_filters.rest_framework import CharFilter, FilterSet

from catalog.models import Product
from catalog.models.product import ProductQuerySet, current_price_at
from catalog.selectors import categories_below
from core.api.filters import StrictChoiceFilter, StrictNumberFilter
from core.db.json_sql import HoldsAnyOf
from core.text import MAX_LENGTH, MAX_PATH_LENGTH, clean

ORDERS = [
    f"{sign}{field}" for field in ("id", "name", "price", "current_price", "created_at") for sign in ("", "-")
]


def _price(lookup: str, help_text: str) -> StrictNumberFilter:
    return StrictNumberFilter(
        "current_price",
        lookup,
        max_digits=12,
        decimal_places=2,
        help_text=help_text,
        error_messages={"invalid": "Must be a number, such as 9.99."},
    )


ATTRIBUTE = "attr."


def _validate_names(path: str) -> None:
    if any(len(name.strip()) > MAX_LENGTH for name in path.split(">")):
        raise ValidationError(f"Ensure that each name has at most {MAX_LENGTH} characters.")


class ProductFilter(FilterSet):
    category = CharFilter(
        method="inside",
        max_length=MAX_PATH_LENGTH,
        validators=[_validate_names],
        help_text="The exact path of a category: products in it or in one below it.",
    )
    tag = CharFilter("tags__name", max_length=MAX_LENGTH, help_text="The tag's exact name.")
    brand = CharFilter("brand", max_length=MAX_LENGTH, help_text="The brand's exact name.")
    group = CharFilter("group", max_length=MAX_LENGTH, help_text="The group's exact name.")
    search = CharFilter(
        method="found",
        max_length=MAX_LENGTH,
        help_text="Text in the name or description; case and accents are ignored.",
    )
    min_price = _price("gte", "The minimum current price, inclusive.")
    max_price = _price("lte", "The maximum current price, inclusive.")
    in_stock = StrictChoiceFilter(
        method="left",
        choices=[("true", "true"), ("false", "false")],
        empty_label=None,
        help_text="true: in stock or not tracked; false: sold out.",
        error_messages={"invalid_choice": "Must be true or false."},
    )
    ordering = StrictChoiceFilter(
        method="ordered",
        choices=[(order, order) for order in ORDERS],
        empty_label=None,
        help_text="The field to order by; - reverses the order. Default, and for ties: id.",
        error_messages={"invalid_choice": f"Must be one of {', '.join(ORDERS)}."},
    )

    def filter_queryset(self, queryset: QuerySet[Product]) -> QuerySet[Product]:
        """Return the rows, with their current price if the request asks about it."""
        sent = self.form.cleaned_data
        asks = sent["min_price"] is not None or sent["max_price"] is not None
        if asks or sent["ordering"].endswith("current_price"):
            queryset = queryset.alias(current_price=current_price_at(timezone.now()))
        for name, values in self.data.lists():
            if name.startswith(ATTRIBUTE):
                attribute, texts = clean(name.removeprefix(ATTRIBUTE)), [clean(value) for value in values]
                queryset = queryset.filter(HoldsAnyOf("attributes", attribute, texts))
        return super().filter_queryset(queryset)

    def as_given(self, rows: QuerySet[Product], name: str, value: str) -> QuerySet[Product]:
        """Return the rows as they are: `filter_queryset` has applied the filter."""
        return rows

    def inside(self, rows: QuerySet[Product], name: str, value: str) -> QuerySet[Product]:
        return rows.filter(category__in=categories_below(clean(value).strip()).values("pk"))

    def found(self, rows: QuerySet[Product], name: str, value: str) -> QuerySet[Product]:
        """Return all rows: the view searches in those that the other filters leave (`FoundProducts`)."""
        return rows

    def left(self, rows: ProductQuerySet, name: str, value: str) -> ProductQuerySet:
        return rows.in_stock() if value == "true" else rows.sold_out()

    def ordered(self, rows: QuerySet[Product], name: str, value: str) -> QuerySet[Product]:
        return rows.order_by(value, "id")


# One filter for all names; no field of a class can be called so.
ProductFilter.base_filters[f"{ATTRIBUTE}NAME"] = CharFilter(
    method="as_given",
    help_text="A value of the attribute called NAME, such as `attr.colour=red`. Repeat it to allow several "
    "values. With several names, all must fit.",
)
