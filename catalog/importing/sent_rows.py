"""Products and users sent by API: stored as those of a file are, with the id and the status of each row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Model

from catalog.importing.bulk import Counts
from catalog.importing.products import ProductStore
from catalog.importing.rows import ProductRecord, UserRecord
from catalog.importing.users import store_users
from catalog.models import Product, User

# A row may lack the other fields of a product; the stored values are then not changed.
_ALWAYS = frozenset({"external_id", "name", "category", "price", "description", "tags"})


@dataclass(frozen=True, slots=True)
class StoredRows:
    """What was stored. ids: of each row by external id; created: the external ids of the new rows"""

    ids: Mapping[str, int]
    created: frozenset[str]
    counts: Counts


@transaction.atomic
def store_products(rows: Sequence[ProductRecord]) -> StoredRows:
    """Create or update the products, whose external ids must differ. As `ProductStore`, with 3 queries more.

    Rows are stored in the order of their external ids, so that two calls cannot deadlock. Where some rows
    have a field that others lack, these keep the stored value, read with a lock: 1 query more.
    """
    rows = sorted(_alike(rows), key=lambda row: row["external_id"])
    existing = _ids(Product, [row["external_id"] for row in rows])
    store = ProductStore()
    store.store(rows)
    return _stored(Product, existing, [row["external_id"] for row in rows], store.products)


@transaction.atomic
def store_shoppers(rows: Sequence[UserRecord]) -> StoredRows:
    """Create or update the users, whose external ids must differ. At most 8 queries."""
    rows = sorted(rows, key=lambda row: row.external_id)
    existing = _ids(User, [row.external_id for row in rows])
    counts = store_users(rows)
    return _stored(User, existing, [row.external_id for row in rows], counts)


def _stored(
    model: type[Model], existing: Mapping[str, int], external_ids: Sequence[str], counts: Counts
) -> StoredRows:
    created = frozenset(external_ids) - existing.keys()
    return StoredRows({**existing, **_ids(model, list(created))}, created, counts)


def _ids(model: type[Model], external_ids: Sequence[str]) -> dict[str, int]:
    """Return the ids of the rows that exist by external id. 1 query."""
    rows = model._default_manager.filter(external_id__in=external_ids)
    return dict(rows.values_list("external_id", "pk"))


def _alike(rows: Sequence[ProductRecord]) -> Sequence[ProductRecord]:
    """Return the rows with the same fields each: what some have is completed in the others."""
    names: set[str] = set().union(*rows)
    optional = names - _ALWAYS
    lacking = [row["external_id"] for row in rows if len(row) < len(names)]
    if not lacking:
        return rows
    found = Product.objects.select_for_update().filter(external_id__in=lacking).order_by("pk")
    stored = {row["external_id"]: row for row in found.values("external_id", "awaits_import", *optional)}
    defaults: dict[str, Any] = {
        name: field.get_default()
        for field in Product._meta.concrete_fields
        if (name := field.name) in optional
    }
    return [_completed(row, stored.get(row["external_id"]), defaults) for row in rows]


def _completed(
    row: ProductRecord, stored: Mapping[str, Any] | None, defaults: Mapping[str, Any]
) -> ProductRecord:
    kept = dict(defaults if stored is None else {name: stored[name] for name in defaults})
    if stored is not None and stored["awaits_import"] and "is_active" in kept:
        kept["is_active"] = True
    if kept.get("sale_price") is not None and kept["sale_price"] > row["price"]:
        kept["sale_price"] = None  # the price is below it, which ends the sale
    return {**kept, **row}  # type: ignore[typeddict-item]
