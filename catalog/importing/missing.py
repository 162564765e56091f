"""Products that a file lacks, and rows that only its events name."""

from collections.abc import Container, Iterable, Set
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction

from catalog import cells
from catalog.importing.bulk import CHUNK, in_chunks
from catalog.importing.products import ProductStore
from catalog.importing.rows import ProductRecord, UserRecord
from catalog.importing.users import store_users
from catalog.models import Product
from core.db.staging import fields_of, set_where, staged

# Active products that have an external id, and it is not among the staged ones.
_MISSING = """
    SELECT id FROM catalog_product WHERE is_active AND external_id IS NOT NULL
    EXCEPT SELECT stored.id FROM catalog_product AS stored
    JOIN staged_id AS given ON given.external_id = stored.external_id
"""


@dataclass(frozen=True, slots=True)
class Missing:
    """How the products of the database and those of a file differ.

    n_missing:     active products with an external id that are not in the file; None without a file
    n_inactive:    products of the file that are inactive
    n_deactivated: None if none were to be deactivated
    obstacle:      why none was deactivated, although they were to be
    """

    n_missing: int | None = None
    n_inactive: int = 0
    n_deactivated: int | None = None
    obstacle: str | None = None


def count_missing(ids: Set[str]) -> Missing:
    """Return how the products of the database differ from a file with these external ids. 1 query."""
    rows = Product.objects.filter(external_id__isnull=False).values_list("external_id", "is_active")
    n_missing = n_inactive = 0
    for external_id, is_active in rows.iterator(chunk_size=10_000):
        n_missing += is_active and external_id not in ids
        n_inactive += not is_active and external_id in ids
    return Missing(n_missing, n_inactive)


def deactivate_missing(ids: Iterable[str], now: datetime) -> int:
    """Deactivate the active products whose external ids are not among these, and return their number.

    Products without an external id stay. 1 statement changes them, in 1 transaction.
    """
    fields = fields_of(Product, ["external_id"])
    with transaction.atomic(), staged("staged_id", fields, ([external_id] for external_id in ids)):
        values = {"is_active": False, "awaits_import": True, "updated_at": now}
        return set_where(Product, values, _MISSING)


class Creatable(Container[str]):
    """Contains the external ids that exist, and those that could.

    refused: ids whose rows were refused; those that do not exist are not contained
    """

    def __init__(self, known: Container[str], refused: Container[str]) -> None:
        self._known = known
        self._refused = refused

    def __contains__(self, key: object) -> bool:
        if key in self._known:
            return True
        if not isinstance(key, str) or key in self._refused:
            return False
        try:
            return cells.external_id(key) == key
        except ValidationError:
            return False


def create_products(ids: Iterable[str]) -> int:
    """Create an inactive product for each of these external ids, with the id as name; return their number.

    None of them exists. The next import that has one makes it active.
    """
    store, ids = ProductStore(), list(ids)
    store.store(
        ProductRecord(
            external_id=key,
            name=key,
            category="",
            price=Decimal(0),
            description="",
            tags=(),
            is_active=False,
        )
        for key in ids
    )
    for some in in_chunks(ids, CHUNK):
        Product.objects.filter(external_id__in=some).update(awaits_import=True)
    return store.products.created


def create_users(ids: Iterable[str]) -> int:
    """Create a user for each of these external ids, with the id as name; return their number."""
    return store_users(UserRecord(key, None) for key in ids).created
