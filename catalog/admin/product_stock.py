"""Stock filter of the product admin."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import QuerySet
from django.http import HttpRequest

from catalog.models import Product
from catalog.models.product import ProductQuerySet

_FILTERS: dict[str, tuple[str, Callable[[ProductQuerySet], ProductQuerySet]]] = {
    "left": ("In stock, or not tracked", lambda rows: rows.in_stock()),
    "none": ("Sold out", lambda rows: rows.sold_out()),
    "untracked": ("Not tracked", lambda rows: rows.filter(stock=None)),
}


class StockFilter(admin.SimpleListFilter):
    title = "stock"
    parameter_name = "stock"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, text) for value, (text, _) in _FILTERS.items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[Product]:
        value = self.value()
        if not value:
            rows: QuerySet[Product] = queryset
            return rows
        if value not in _FILTERS:
            raise IncorrectLookupParameters
        _, apply = _FILTERS[value]
        return apply(queryset)
