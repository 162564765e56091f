"""The fields of products that responses show. One list of columns serves all queries that read them."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from django.db.models import Case, F, FloatField, OuterRef, QuerySet, Value, When
from django.db.models.functions import Cast

from catalog.models import Product
from catalog.models.product import MAY_BE_SHOWN, current_price, is_in_stock
from core.db.json_sql import JoinedText, JsonText, aggregate_subquery
from core.db.prepared import PreparedQuery, columns
from recommendations.engine.offers import Offer
from recommendations.selectors.clock import real_time

# 1 for products that may be shown, else 0: an integer is the same in every database.
AVAILABLE = Case(When(MAY_BE_SHOWN, then=Value(1)), default=Value(0))


@dataclass(frozen=True, slots=True)
class Label:
    """A product's name, and whether it may be shown."""

    name: str
    is_available: bool


class Details(NamedTuple):
    """The fields of a product that responses show. A field added here is read and compared by every query.

    category: its path, or None; tags: names, sorted; attributes: lists of texts, by name, sorted
    price:    the nearest float, as in JSON; current_price: of the time when it was read

    Responses show every field but the last, in this order. It is a named tuple, which is quick to create:
    a response needs ten.
    """

    id: int
    external_id: str | None
    name: str
    category: str | None
    brand: str
    group: str
    price: float
    sale_price: float | None
    sale_from: datetime | None
    sale_until: datetime | None
    current_price: float
    description: str
    tags: tuple[str, ...]
    attributes: dict[str, list[str]]
    url: str
    image_url: str
    is_available: bool


class Unavailable(NamedTuple):
    """Why a product may not be shown."""

    is_inactive: bool
    is_sold_out: bool


# Fields that are not columns of the same name; tags are read from their own table.
_EXPRESSIONS = {
    "category": F("category__path"),
    "price": Cast("price", FloatField()),
    "sale_price": Cast("sale_price", FloatField()),
    "current_price": Value(0.0),  # computed from the others
    "is_available": AVAILABLE,
}
COLUMNS: list[Any] = [_EXPRESSIONS.get(field, field) for field in Details._fields if field != "tags"]
_PRICE, _CURRENT_PRICE, _TAGS, _ATTRIBUTES = map(
    Details._fields.index, ("price", "current_price", "tags", "attributes")
)


def _rows(ids: list[int]) -> "QuerySet[Product, Any]":
    names = Product.tags.through.objects.filter(product_id=OuterRef("id"))
    found = aggregate_subquery(names, JoinedText(JsonText("tag__name")))
    return Product.objects.filter(id__in=ids).values_list(*COLUMNS, found)


_products = PreparedQuery(_rows)


def labels(ids: Iterable[int]) -> dict[int, Label]:
    """Return the labels of the products that exist, by id. 1 query."""
    rows = Product.objects.filter(id__in=list(ids)).values_list("id", "name", AVAILABLE)
    return {key: Label(name, bool(available)) for key, name, available in zip(*columns(rows, 3), strict=True)}


def details(ids: Iterable[int], now: float | None = None) -> dict[int, Details]:
    """Return the details of the products that exist, by id. 1 query.

    now: seconds since 1970, for the current prices; None for this machine's clock
    """
    now = real_time() if now is None else now
    return {row[0]: _details(row, now) for row in _products(sorted(ids))}


def offer(sale_price: Any, sale_from: datetime | None, sale_until: datetime | None) -> Offer | None:
    """Return a product's sale price as the engine holds it; None for none."""
    if sale_price is None:
        return None
    begins = -math.inf if sale_from is None else sale_from.timestamp()
    return Offer(float(sale_price), begins, math.inf if sale_until is None else sale_until.timestamp())


def unavailable(ids: Iterable[int]) -> dict[int, Unavailable]:
    """Return, for each of these products that may not be shown, why. 1 query; none without ids."""
    rows = Product.objects.filter(id__in=list(ids)).exclude(MAY_BE_SHOWN)
    return {
        key: Unavailable(not is_active, not is_in_stock(stock))
        for key, is_active, stock in rows.values_list("id", "is_active", "stock")
    }


def _details(row: Sequence[Any], now: float) -> Details:
    """Return the details from a row of COLUMNS, with the tags as JSON at the end."""
    *values, tags = row
    price = values[_PRICE] = values[_CURRENT_PRICE] = float(values[_PRICE])
    if found := offer(*values[_PRICE + 1 : _PRICE + 4]):
        values[_CURRENT_PRICE] = current_price(price, *found, now)
    values[-1] = bool(values[-1])
    # PostgreSQL has an order of its own for the names; one place earlier, without the tags.
    values[_ATTRIBUTES - 1] = dict(sorted(values[_ATTRIBUTES - 1].items()))
    values.insert(_TAGS, tuple(sorted(orjson.loads(f"[{tags or ''}]"))))
    return Details(*values)
