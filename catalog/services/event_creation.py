"""Users and products that events name and that do not exist yet."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db import connection

from catalog.models import Product, User
from catalog.search.pending import fold_pending
from catalog.services.event_insert import Stored
from catalog.services.events import Event


@dataclass(frozen=True, slots=True)
class Unknown:
    """External ids without a row, sorted. has_numbers: whether a number has no row, which cannot be made"""

    users: tuple[str, ...]
    products: tuple[str, ...]
    has_numbers: bool

    def __bool__(self) -> bool:
        return bool(self.users or self.products)


def unknown_rows(events: Iterable[Event], stored: Iterable[Stored]) -> Unknown:
    """Return what the events name that does not exist. stored: the result of each event"""
    users: set[int | str] = set()
    products: set[int | str] = set()
    for event, result in zip(events, stored, strict=True):
        if result.user_id is None:
            users.add(event.user)
        if result.product_id is None:
            products.add(event.product)
    return Unknown(_names(users), _names(products), any(isinstance(key, int) for key in users | products))


def create_unknown(unknown: Unknown) -> None:
    """Create the users, and the products as inactive stubs until an import has them.

    Must be in a transaction. Both are named by their external id. What another process creates at the same
    time is left as it is. At most 6 queries.
    """
    users = [User(external_id=key, name=key) for key in unknown.users]
    User.objects.bulk_create(users, ignore_conflicts=True)
    stubs = [
        Product(external_id=key, name=key, price=Decimal(0), is_active=False, awaits_import=True)
        for key in unknown.products
    ]
    Product.objects.bulk_create(stubs, ignore_conflicts=True)
    if stubs:
        fold_pending(connection.alias)


def _names(keys: Iterable[int | str]) -> tuple[str, ...]:
    return tuple(sorted(key for key in keys if isinstance(key, str)))
