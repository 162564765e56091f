"""Read queries of the API on the catalogue; each docstring gives the number of queries."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any, NamedTuple, Self

import orjson
from django.db.models import F, Func, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Left

from catalog.models import Category, Interaction, Product, User
from catalog.models.attributes import Attributes
from catalog.models.product import ProductQuerySet, current_price, is_in_stock
from core.db.json_sql import JoinedText, JsonText, aggregate_subquery
from core.db.prepared import PreparedQuery
from core.text import PATH_SEPARATOR


class ProductDetails(NamedTuple):
    """The fields of a product in API responses; only staff see the last one. A field added here is shown.

    category: its path, or None; tags: names, sorted
    """

    id: int
    external_id: str | None
    name: str
    category: str | None
    brand: str
    group: str
    price: Decimal
    sale_price: Decimal | None
    sale_from: datetime | None
    sale_until: datetime | None
    stock: int | None
    description: str
    tags: tuple[str, ...]
    attributes: Attributes
    url: str
    image_url: str
    is_active: bool

    @property
    def is_available(self) -> bool:
        """Return whether it may be recommended: active and not sold out."""
        return self.is_active and is_in_stock(self.stock)

    def current_price(self, now: datetime) -> Decimal:
        """Return the price at this time."""
        return current_price(self.price, self.sale_price, self.sale_from, self.sale_until, now)

    @classmethod
    def of(cls, row: Product) -> Self:
        """Return the fields of a row of products(). No query."""
        return cls._make([read(row) for read in _READERS])


# Fields that are not columns of the product's own table.
_RELATED: dict[str, Callable[[Product], Any]] = {
    "category": lambda row: row.category.path if row.category else None,
    "tags": lambda row: tuple(sorted(tag.name for tag in row.tags.all())),
    "attributes": lambda row: dict(sorted(row.attributes.items())),
}
_READERS = [_RELATED.get(name, attrgetter(name)) for name in ProductDetails._fields]
_TAGS, _ATTRIBUTES = map(ProductDetails._fields.index, ("tags", "attributes"))


def _columns() -> list[Any]:
    """Return the columns in the order of the fields; tags as text."""
    tags = Product.tags.through.objects.filter(product_id=OuterRef("id"))
    columns: dict[str, Any] = {
        "category": F("category__path"),
        "tags": aggregate_subquery(tags, JoinedText(JsonText("tag__name"))),
    }
    return [columns.get(name, name) for name in ProductDetails._fields]


_product_by = {
    key: PreparedQuery(lambda value, key=key: Product.objects.filter(**{key: value}).values_list(*_columns()))
    for key in ("pk", "external_id")
}
_products_of = PreparedQuery(lambda ids: Product.objects.filter(pk__in=ids).values_list(*_columns()))
_tags_of_several = PreparedQuery(
    lambda ids: Product.tags.through.objects.filter(product_id__in=ids).values_list("product_id", "tag__name")
)


def product(lookup: Mapping[str, int | str], *, inactive_too: bool) -> ProductDetails | None:
    """Return the product for a lookup by pk or external_id, or None. 1 query."""
    ((key, value),) = lookup.items()
    for row in _product_by[key](value):
        if row[-1] or inactive_too:  # is_active
            return _page(row)
    return None


def tags_of(ids: list[int]) -> dict[int, tuple[str, ...]]:
    """Return the sorted tag names by product id, without products that have no tags. 1 query."""
    tags: dict[int, list[str]] = {}
    for key, tag in _tags_of_several(ids):
        tags.setdefault(key, []).append(tag)
    return {key: tuple(sorted(names)) for key, names in tags.items()}


def product_details(ids: Iterable[int]) -> dict[int, ProductDetails]:
    """Return the products of these ids that exist, by id, including inactive ones. 1 query."""
    return {row[0]: _page(row) for row in _products_of(sorted(ids))}


def _page(row: tuple[Any, ...]) -> ProductDetails:
    """Return the product for a row of _columns()."""
    tags = tuple(sorted(orjson.loads(f"[{row[_TAGS] or ''}]")))
    # PostgreSQL has an order of its own for the names.
    attributes = dict(sorted(row[_ATTRIBUTES].items()))
    return ProductDetails._make([*row[:_TAGS], tags, attributes, *row[_ATTRIBUTES + 1 :]])


def products(*, inactive_too: bool) -> QuerySet[Product]:
    """Return products ordered by id, with category and tags. 2 queries, whatever their number."""
    return _whole(Product.objects.all() if inactive_too else Product.objects.active())


def categories() -> QuerySet[Category]:
    """Return categories ordered by path, with `product_count` of active products. 1 query."""
    inside = Product.objects.active().filter(category=OuterRef("pk"))
    return Category.objects.annotate(product_count=_count(inside)).order_by("path")


def categories_below(path: str) -> "QuerySet[Category]":
    """Return the category of this path and all below it, none if there is no such."""
    below = path + PATH_SEPARATOR
    # Not `startswith`, for which SQLite takes letters of either case as the same.
    return Category.objects.alias(head=Left("path", len(below))).filter(Q(path=path) | Q(head=below))


def shoppers() -> QuerySet[User]:
    """Return users ordered by id. 1 query."""
    return User.objects.order_by("id")


def history(user: User) -> QuerySet[Interaction]:
    """Return the user's interactions, newest first, with the products' names. 1 query."""
    return (
        Interaction.objects.filter(user=user)
        .select_related("product")
        .only("id", "product_id", "product__name", "action_type", "occurred_at")
        .newest_first()
    )


def _whole(rows: ProductQuerySet) -> ProductQuerySet:
    return rows.select_related("category").prefetch_related("tags").order_by("id")


def _count(rows: QuerySet[Product]) -> Subquery:
    """Return a subquery that counts the rows per row of the outer query.

    It uses a plain COUNT(*); Django's Count adds GROUP BY, which takes twice as long.
    """
    count = Func(function="COUNT", template="%(function)s(*)", output_field=IntegerField())
    return Subquery(rows.annotate(n=count).values("n"))
