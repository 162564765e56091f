"""The fields of products as they are shown, read fresh."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from catalog.models import Product
from recommendations.selectors.rows import Prepared


@dataclass(frozen=True, slots=True)
class Label:
    """What a product is called, and whether it may be shown."""

    name: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class Details:
    """All that is shown of a product. category: its name, or None; tags: names, sorted."""

    id: int
    external_id: str | None
    name: str
    category: str | None
    price: Decimal
    description: str
    tags: tuple[str, ...]
    is_active: bool


_products = Prepared(
    lambda ids: Product.objects.filter(id__in=ids).values_list(
        "id", "external_id", "name", "category__name", "price", "description", "is_active"
    )
)
_tags = Prepared(
    lambda ids: Product.tags.through.objects.filter(product_id__in=ids).values_list("product_id", "tag__name")
)


def labels(ids: Iterable[int]) -> dict[int, Label]:
    """Return the labels of those products that exist. 1 query."""
    rows = Product.objects.filter(id__in=list(ids)).values_list("id", "name", "is_active")
    return {key: Label(name, is_active) for key, name, is_active in rows}


def details(ids: Iterable[int]) -> dict[int, Details]:
    """Return the details of those products that exist. 2 queries."""
    wanted = sorted(ids)
    tags: dict[int, list[str]] = {}
    for key, tag in _tags(wanted):
        tags.setdefault(key, []).append(tag)
    return {
        key: Details(
            key, external_id, name, category, price, text, tuple(sorted(tags.get(key, ()))), is_active
        )
        for key, external_id, name, category, price, text, is_active in _products(wanted)
    }
