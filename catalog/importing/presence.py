"""Tells whether the database holds the shop of a directory, a part of it, or another one."""

from collections import deque
from enum import Enum, auto
from pathlib import Path

from catalog.importing.directory import ShopDirectory, stored_ids
from catalog.importing.events import event_key
from catalog.importing.report import Silent
from catalog.models import Interaction, Product, User


class Presence(Enum):
    """What the database holds of a shop."""

    COMPLETE = auto()
    PARTIAL = auto()
    ANOTHER = auto()


def presence(directory: Path) -> Presence:
    """Return what of the directory's shop is here; another's rows count only while it is incomplete.

    COMPLETE: its products, its users and its last event, whatever was added since. Events are stored in the
    order of the file, so an import that was interrupted lacks the last one.
    ANOTHER: products or shoppers that its files do not hold.
    PARTIAL: nothing else, or nothing at all. When something is wrong with the files it is never complete,
    so that the import which follows can report it.
    Raises NoShop when there is no such directory. 6 queries at most.
    """
    shop = ShopDirectory(directory, Silent())
    products = {row["external_id"] for row in shop.products()}
    users = {row.external_id for row in shop.users()}
    if _is_complete(shop, users, products):
        return Presence.COMPLETE
    stored_products = Product.objects.values_list("external_id", flat=True)
    stored_shoppers = User.objects.values_list("external_id", flat=True)
    if products.issuperset(stored_products) and users.issuperset(stored_shoppers):
        return Presence.PARTIAL
    return Presence.ANOTHER


def _is_complete(shop: ShopDirectory, users: set[str], products: set[str]) -> bool:
    known_users, known_products = stored_ids(User), stored_ids(Product)
    if not (known_users.keys() >= users and known_products.keys() >= products):
        return False
    last = deque(shop.events(known_users, known_products), maxlen=1)
    if shop.n_problems:
        return False
    if not last:
        return True
    ordinal = sum(row == last[0] for row in shop.events(known_users, known_products))
    return Interaction.objects.filter(event_key=event_key(last[0], ordinal)).exists()
