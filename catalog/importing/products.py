"""Import of products: creates new ones, updates changed ones, and leaves the others as they are."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from django.db import connection, transaction
from django.utils import timezone

from catalog.columns import PRODUCTS
from catalog.importing.bulk import CHUNK, Counts, in_chunks
from catalog.importing.rows import ProductRecord
from catalog.models import Category, Product, Tag
from catalog.search.pending import fold_pending
from catalog.services.names import get_or_create_categories, get_or_create_tags_by_name
from core.db.staging import count, delete_where, fields_of, set_where, staged, upsert

# Tags are in a table of their own.
_TAG_FIELDS = {
    "product": fields_of(Product, ["stock"])["stock"],
    **fields_of(Product.tags.through, ["tag_id"]),
}
_FIELDS = {field.name: field for field in Product._meta.concrete_fields}
_KEYS = tuple(dict.fromkeys([column.key for column in PRODUCTS if column.key != "tags"] + ["is_active"]))

# A chunk is in two temporary tables: staged_product and, with a row for each tag of each product, staged_tag.
_STORED = (
    "FROM staged_product AS given JOIN catalog_product AS stored ON stored.external_id = given.external_id"
)
# The sales that a price of the file would be below: it ends them, unless the file says what they are.
_ENDED_SALES = f"SELECT stored.id {_STORED} WHERE stored.sale_price > given.price"
# Products that are inactive until an import has them.
_AWAITED = f"{_STORED} WHERE stored.awaits_import"
_STORED_TAGS = f"{_STORED} JOIN catalog_product_tags AS link ON link.product_id = stored.id"
_WANTED_TAGS = "FROM staged_tag AS tag JOIN staged_product AS given ON given.place = tag.product"
_WANTED_LINKS = f"{_WANTED_TAGS} JOIN catalog_product AS stored ON stored.external_id = given.external_id"
_SURPLUS_LINKS = f"""
    SELECT link.id {_STORED_TAGS}
    EXCEPT SELECT link.id {_WANTED_LINKS}
    JOIN catalog_product_tags AS link ON link.product_id = stored.id AND link.tag_id = tag.tag_id
"""
_NEW_LINKS = f"""
    FROM (
        SELECT stored.id AS product_id, tag.tag_id AS tag_id {_WANTED_LINKS}
        EXCEPT SELECT link.product_id, link.tag_id {_STORED_TAGS}
    ) AS given
    ORDER BY given.product_id, given.tag_id
"""


_CHANGED_TAGS = f"""
    UNION SELECT place FROM (
        SELECT given.place, tag.tag_id {_WANTED_TAGS} EXCEPT SELECT given.place, link.tag_id {_STORED_TAGS}
    ) AS tagged
    UNION SELECT place FROM (
        SELECT given.place, link.tag_id {_STORED_TAGS} EXCEPT SELECT given.place, tag.tag_id {_WANTED_TAGS}
    ) AS untagged
"""  # noqa: S608 - no values


class ProductStore:
    """Writes products, and creates missing categories and tags."""

    def __init__(self) -> None:
        self.products = Counts()
        self.n_new_categories = 0
        self.n_new_tags = 0

    def store(self, rows: Iterable[ProductRecord]) -> None:
        """Create or update the products of the rows, whose ids must differ. One transaction per chunk.

        A product whose tags change counts as updated, and its `updated_at` is set. A field that a row lacks
        is not changed: another process may be changing it. Without `is_active`, a product that awaits an
        import becomes active, and all others stay as they are. Every row needs a name and a price. A
        price below the stored sale price ends the sale if the row does not name one.
        Consecutive rows with the same fields are stored together, with at most 21 queries a chunk, 2 more for
        each level of categories, and on SQLite 30 more to write the search texts.
        """
        for _, alike in groupby(rows, key=frozenset):
            for chunk in in_chunks(alike, CHUNK):
                with transaction.atomic():
                    self._store_chunk(chunk)

    def _store_chunk(self, chunk: Sequence[ProductRecord]) -> None:
        keys = [key for key in _KEYS if key in chunk[0]]
        has_tags = "tags" in chunk[0]
        names = [name for row in chunk if (name := row.get("category"))]
        categories, n_categories = get_or_create_categories(names)
        tags, n_tags = get_or_create_tags_by_name([tag for row in chunk for tag in row.get("tags", ())])
        self.n_new_categories += n_categories
        self.n_new_tags += n_tags
        fields = {str(_FIELDS[key].column): _FIELDS[key] for key in keys}
        products = (
            [_category_id(row, categories) if key == "category" else row[key] for key in keys]  # type: ignore[literal-required]
            for row in chunk
        )
        now = timezone.now()
        with (
            staged("staged_product", fields, products),
            staged("staged_tag", _TAG_FIELDS, _tag_rows(chunk, tags)),
        ):
            n_stored = count(_STORED)
            if "sale_price" not in keys:
                set_where(Product, {"sale_price": None}, _ENDED_SALES)
            n_written = upsert(
                Product,
                {field.attname: f"given.{column}" for column, field in fields.items()},
                _changed(fields, has_tags=has_tags),
                unique=("external_id",),
                now=now,
            )
            activity = {} if "is_active" in keys else {"is_active": True}
            set_where(Product, {**activity, "awaits_import": False}, f"SELECT stored.id {_AWAITED}")
            links = Product.tags.through
            if has_tags:
                delete_where(links, _SURPLUS_LINKS)
            values = {"product_id": "given.product_id", "tag_id": "given.tag_id"}
            upsert(links, values, _NEW_LINKS, unique=("product_id", "tag_id"), now=now, changes=False)
        fold_pending(connection.alias)
        self.products.add(n_rows=len(chunk), n_stored=n_stored, n_written=n_written)


def _tag_rows(chunk: Sequence[ProductRecord], tags: Mapping[str, Tag]) -> Iterator[tuple[int, int]]:
    """Yield the place of each product with the id of each of its tags, once."""
    for place, row in enumerate(chunk):
        for tag_id in {tags[name].pk for name in row.get("tags", ())}:
            yield place, tag_id


def _category_id(row: ProductRecord, categories: Mapping[str, Category]) -> int | None:
    return categories[row["category"]].pk if row["category"] else None


def _changed(columns: Iterable[str], *, has_tags: bool) -> str:
    """Return the query of the rows that differ from the stored ones, or are new.

    EXCEPT takes two NULLs as equal.
    """
    wanted = "FROM staged_product AS given"
    fields = ", ".join(f"given.{column}" for column in columns)
    stored_fields = ", ".join(f"stored.{column}" for column in columns)
    return f"""
        {wanted}
        WHERE given.place IN (
            SELECT place FROM (
                SELECT given.place, {fields} {wanted} EXCEPT SELECT given.place, {stored_fields} {_STORED}
            ) AS changed
            {_CHANGED_TAGS if has_tags else ""}
            UNION SELECT given.place {_AWAITED}
        )
        ORDER BY given.place
    """  # noqa: S608 - no values
