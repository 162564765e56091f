"""Writes a shop's users and products: new ones are created, changed ones updated, all others left alone."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from django.contrib.auth.hashers import make_password
from django.db import models, transaction

from catalog.models import Category, Product, Tag, User
from catalog.services.shop_rows import ProductRow, UserRow

CHUNK = 10_000
# How many values one query names; SQLite takes fewer than 1,000.
NAMED_AT_ONCE = 500

T = TypeVar("T")


@dataclass(slots=True)
class Tally:
    """How many rows of a file met which fate."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0


def in_chunks(rows: Iterable[T], n: int) -> Iterator[list[T]]:
    """Yield the rows in lists of n, the last one shorter."""
    left = iter(rows)
    while chunk := list(islice(left, n)):
        yield chunk


def store_users(rows: Iterable[UserRow]) -> Tally:
    """Create or update the shoppers of the rows, one transaction a chunk, and return what happened.

    Queries: one per 500 rows to read, one per 90 new or changed rows to write.
    """
    tally = Tally()
    for chunk in in_chunks(rows, CHUNK):
        with transaction.atomic():
            stored = dict(_named(User, "external_id", [row.external_id for row in chunk], "name"))
            changed = [row for row in chunk if stored.get(row.external_id) != (row.name,)]
            User.objects.bulk_create(
                [
                    User(external_id=row.external_id, name=row.name, password=make_password(None))
                    for row in changed
                ],
                update_conflicts=True,
                unique_fields=["external_id"],
                update_fields=["name"],
            )
        _count(tally, chunk, stored, changed)
    return tally


class ProductStore:
    """Writes products with their categories and tags, which it creates as they come up."""

    def __init__(self) -> None:
        self.products = Tally()
        self.categories = _Names(Category)
        self.tags = _Names(Tag)

    def store(self, rows: Iterable[ProductRow]) -> None:
        """Create or update the products of the rows, one transaction a chunk.

        A changed tag moves the product's `updated_at` too; `is_active` is nobody's but the shop's staff's.
        Queries: two per 500 rows to read, one per 120 new or changed rows to write, and those for their tags.
        """
        for chunk in in_chunks(rows, CHUNK):
            with transaction.atomic():
                self._store_chunk(chunk)

    def _store_chunk(self, chunk: list[ProductRow]) -> None:
        self.categories.learn(row.category for row in chunk if row.category)
        self.tags.learn(tag for row in chunk for tag in row.tags)
        fields = ("pk", "name", "category_id", "price", "description")
        stored = dict(_named(Product, "external_id", [row.external_id for row in chunk], *fields))
        links = _tag_links([values[0] for values in stored.values()])
        changed = []
        for row in chunk:
            pk, *values = stored.get(row.external_id, (None,))
            if values != self._values(row) or links[pk].keys() != self._tag_ids(row):
                changed.append(row)
        products = Product.objects.bulk_create(
            [
                Product(external_id=row.external_id, **dict(zip(fields[1:], self._values(row), strict=True)))
                for row in changed
            ],
            update_conflicts=True,
            unique_fields=["external_id"],
            update_fields=["name", "category", "price", "description", "updated_at"],
        )
        wanted = {product.pk: self._tag_ids(row) for product, row in zip(products, changed, strict=True)}
        _replace_tag_links(wanted, links)
        _count(self.products, chunk, stored, changed)

    def _values(self, row: ProductRow) -> list[Any]:
        category_id = self.categories.ids[row.category] if row.category else None
        return [row.name, category_id, row.price, row.description]

    def _tag_ids(self, row: ProductRow) -> set[int]:
        return {self.tags.ids[tag] for tag in row.tags}


class _Names:
    """The ids of the categories or tags met so far, by name."""

    def __init__(self, model: type[Category] | type[Tag]) -> None:
        self._model = model
        self.ids: dict[str, int] = {}
        self.n_created = 0

    def learn(self, names: Iterable[str]) -> None:
        """Know these names too, creating those that the database lacks."""
        new = [name for name in dict.fromkeys(names) if name not in self.ids]
        self._read(new)
        missing = [name for name in new if name not in self.ids]
        self._model.objects.bulk_create([self._model(name=name) for name in missing], ignore_conflicts=True)
        self._read(missing)
        self.n_created += len(missing)

    def _read(self, names: list[str]) -> None:
        self.ids.update((name, pk) for name, (pk,) in _named(self._model, "name", names, "pk"))


def _named(
    model: type[models.Model], key: str, names: list[str], *fields: str
) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Yield the key and the fields of the rows whose key is among the names."""
    for batch in in_chunks(names, NAMED_AT_ONCE):
        for found, *values in model._default_manager.filter(**{f"{key}__in": batch}).values_list(
            key, *fields
        ):
            yield found, tuple(values)


def _tag_links(product_ids: list[int]) -> defaultdict[int | None, dict[int, int]]:
    """Return for each product the ids of its tags, each with the id of the row that links them."""
    links: defaultdict[int | None, dict[int, int]] = defaultdict(dict)
    for batch in in_chunks(product_ids, NAMED_AT_ONCE):
        rows = Product.tags.through.objects.filter(product_id__in=batch)
        for pk, product_id, tag_id in rows.values_list("pk", "product_id", "tag_id"):
            links[product_id][tag_id] = pk
    return links


def _replace_tag_links(wanted: dict[int, set[int]], links: defaultdict[int | None, dict[int, int]]) -> None:
    through = Product.tags.through
    surplus = [
        pk for product_id, tags in wanted.items() for tag, pk in links[product_id].items() if tag not in tags
    ]
    for batch in in_chunks(surplus, NAMED_AT_ONCE):
        through.objects.filter(pk__in=batch).delete()
    through.objects.bulk_create(
        [
            through(product_id=product_id, tag_id=tag)
            for product_id, tags in wanted.items()
            for tag in sorted(tags - links[product_id].keys())
        ],
        ignore_conflicts=True,
    )


def _count(tally: Tally, chunk: list[Any], stored: dict[str, Any], changed: list[Any]) -> None:
    created = len(chunk) - len(stored)
    tally.created += created
    tally.updated += len(changed) - created
    tally.unchanged += len(chunk) - len(changed)
