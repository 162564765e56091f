"""The fields of products as they are shown, read fresh."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Case, FloatField, Value, When
from django.db.models.functions import Cast

from catalog.models import Product
from catalog.models.product import MAY_BE_SHOWN
from catalog.selectors import tags_of
from core.db.prepared import Prepared, columns

# 1 for what may be shown, else 0: an integer, which every database gives alike.
AVAILABLE = Case(When(MAY_BE_SHOWN, then=Value(1)), default=Value(0))


@dataclass(frozen=True, slots=True)
class Label:
    """What a product is called, and whether it may be shown."""

    name: str
    is_available: bool


class Details(NamedTuple):
    """All that is shown of a product. category: its name, or None; tags: names, sorted.

    price: the float nearest to it, which is what JSON carries
    A named tuple, since some ten are made for every answer.
    """

    id: int
    external_id: str | None
    name: str
    category: str | None
    price: float
    description: str
    tags: tuple[str, ...]
    is_available: bool


_products = Prepared(
    lambda ids: Product.objects.filter(id__in=ids).values_list(
        "id", "external_id", "name", "category__name", Cast("price", FloatField()), "description", AVAILABLE
    )
)


def labels(ids: Iterable[int]) -> dict[int, Label]:
    """Return the labels of those products that exist. 1 query."""
    rows = Product.objects.filter(id__in=list(ids)).values_list("id", "name", AVAILABLE)
    return {key: Label(name, bool(available)) for key, name, available in zip(*columns(rows, 3), strict=True)}


def details(ids: Iterable[int]) -> dict[int, Details]:
    """Return the details of those products that exist. 2 queries."""
    wanted = sorted(ids)
    tags = tags_of(wanted)
    return {
        key: Details(key, external_id, name, category, price, text, tags.get(key, ()), bool(available))
        for key, external_id, name, category, price, text, available in _products(wanted)
    }
