"""Import of products: creates new ones, updates changed ones, and leaves the others as they are."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.db.models import Model

from catalog.columns import PRODUCTS
from catalog.importing.bulk import CHUNK, VALUES_PER_QUERY, Counts, in_chunks, stored_rows
from catalog.importing.rows import ProductRecord
from catalog.models import Category, Product, Tag

# Columns of the product table; tags are in a table of their own.
_FIELDS = tuple(
    "category_id" if column.key == "category" else column.key
    for column in PRODUCTS
    if column.key not in ("external_id", "tags")
)

# Product id → tag id → id of the row that links them.
Links = dict[int, dict[int, int]]


class ProductStore:
    """Writes products, and creates missing categories and tags."""

    def __init__(self) -> None:
        self.products = Counts()
        self.categories = _Names(Category)
        self.tags = _Names(Tag)

    def store(self, rows: Iterable[ProductRecord]) -> None:
        """Create or update the products of the rows. One transaction per chunk.

        A product whose tags change counts as updated, and its `updated_at` is set. `is_active` is not
        changed, nor is a field that some rows lack.
        Queries: two per 500 rows to read, one per 110 new or changed rows to write, one per 500 new tags.
        """
        for chunk in in_chunks(rows, CHUNK):
            with transaction.atomic():
                self._store_chunk(chunk)

    def _store_chunk(self, chunk: list[ProductRecord]) -> None:
        self.categories.add(row["category"] for row in chunk if row["category"])
        self.tags.add(tag for row in chunk for tag in row["tags"])
        stored = stored_rows(Product, "external_id", [row["external_id"] for row in chunk], "pk", *_FIELDS)
        links = _tag_links([pk for pk, *_ in stored.values()])
        changed = [row for row in chunk if not self._is_stored(row, stored, links)]
        values = [self._values(row) for row in changed]
        products = Product.objects.bulk_create(
            [
                Product(external_id=row["external_id"], **fields)
                for row, fields in zip(changed, values, strict=True)
            ],
            update_conflicts=True,
            unique_fields=["external_id"],
            # Columns that the file lacks are not written: another process may be changing them.
            update_fields=[
                *(name for name in _FIELDS if all(name in fields for fields in values)),
                "updated_at",
            ],
        )
        wanted = {product.pk: self._tag_ids(row) for product, row in zip(products, changed, strict=True)}
        _replace_tag_links(wanted, links)
        self.products.add(n_rows=len(chunk), n_stored=len(stored), n_written=len(changed))

    def _is_stored(self, row: ProductRecord, stored: Mapping[str, tuple[Any, ...]], links: Links) -> bool:
        if row["external_id"] not in stored:
            return False
        pk, *values = stored[row["external_id"]]
        known = dict(zip(_FIELDS, values, strict=True))
        return known == known | self._values(row) and links[pk].keys() == self._tag_ids(row)

    def _values(self, row: ProductRecord) -> dict[str, Any]:
        """Return the row's values by column of the table."""
        category_id = self.categories.ids[row["category"]] if row["category"] else None
        values = {**row, "category_id": category_id}
        return {name: values[name] for name in _FIELDS if name in values}

    def _tag_ids(self, row: ProductRecord) -> set[int]:
        return {self.tags.ids[tag] for tag in row["tags"]}


class _Names:
    """The ids of the categories or tags used so far, by name."""

    def __init__(self, model: type[Model]) -> None:
        self._model = model
        self.ids: dict[str, int] = {}
        self.n_created = 0

    def add(self, names: Iterable[str]) -> None:
        """Add the ids of these names, creating the rows that do not exist."""
        new = [name for name in dict.fromkeys(names) if name not in self.ids]
        self._read(new)
        missing = [name for name in new if name not in self.ids]
        rows = [self._model(name=name) for name in missing]
        self._model._default_manager.bulk_create(rows, ignore_conflicts=True)
        self._read(missing)
        self.n_created += len(missing)

    def _read(self, names: list[str]) -> None:
        self.ids.update({name: pk for name, (pk,) in stored_rows(self._model, "name", names, "pk").items()})


def _tag_links(product_ids: list[int]) -> Links:
    links: Links = defaultdict(dict)
    for batch in in_chunks(product_ids, VALUES_PER_QUERY):
        rows = Product.tags.through.objects.filter(product_id__in=batch)
        for pk, product_id, tag_id in rows.values_list("pk", "product_id", "tag_id"):
            links[product_id][tag_id] = pk
    return links


def _replace_tag_links(wanted: dict[int, set[int]], links: Links) -> None:
    """Set the tags of each product. wanted: tag ids by product id"""
    through = Product.tags.through
    surplus = [
        pk for product_id, tags in wanted.items() for tag, pk in links[product_id].items() if tag not in tags
    ]
    for batch in in_chunks(surplus, VALUES_PER_QUERY):
        through.objects.filter(pk__in=batch).delete()
    through.objects.bulk_create(
        (
            through(product_id=product_id, tag_id=tag)
            for product_id, tags in wanted.items()
            for tag in sorted(tags - links[product_id].keys())
        ),
        ignore_conflicts=True,
    )
