"""Filters and ordering of /products."""

from django.db.models import QuerySet
from django_filters.rest_framework import CharFilter, FilterSet

from catalog.models import Product
from catalog.models.product import ProductQuerySet
from core.api.filters import StrictChoiceFilter, StrictNumberFilter
from core.text import MAX_LENGTH

ORDERS = [f"{sign}{field}" for field in ("id", "name", "price", "created_at") for sign in ("", "-")]


def _price(lookup: str, help_text: str) -> StrictNumberFilter:
    return StrictNumberFilter(
        "price",
        lookup,
        max_digits=12,
        decimal_places=2,
        help_text=help_text,
        error_messages={"invalid": "Must be a number, such as 9.99."},
    )


class ProductFilter(FilterSet):
    category = CharFilter("category__name", max_length=MAX_LENGTH, help_text="The category's exact name.")
    tag = CharFilter("tags__name", max_length=MAX_LENGTH, help_text="The tag's exact name.")
    brand = CharFilter("brand", max_length=MAX_LENGTH, help_text="The brand's exact name.")
    search = CharFilter(
        method="found",
        max_length=MAX_LENGTH,
        help_text="Text in the name or description; case and accents are ignored.",
    )
    min_price = _price("gte", "The minimum price, inclusive.")
    max_price = _price("lte", "The maximum price, inclusive.")
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

    def found(self, rows: QuerySet[Product], name: str, value: str) -> QuerySet[Product]:
        """Return all rows: the view searches in those that the other filters leave (`FoundProducts`)."""
        return rows

    def left(self, rows: ProductQuerySet, name: str, value: str) -> ProductQuerySet:
        return rows.in_stock() if value == "true" else rows.sold_out()

    def ordered(self, rows: QuerySet[Product], name: str, value: str) -> QuerySet[Product]:
        return rows.order_by(value, "id")
