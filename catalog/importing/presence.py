"""Check whether the database contains all, a part, or none of a directory's shop."""

from collections import deque
from enum import Enum, auto
from pathlib import Path

from catalog.importing.directory import ShopDirectory, stored_ids, user_ids
from catalog.importing.events import event_key
from catalog.importing.report import NullObserver
from catalog.models import Interaction, Product, User


class Presence(Enum):
    """How much of a shop the database contains."""

    COMPLETE = auto()
    PARTIAL = auto()
    ANOTHER = auto()


def presence(directory: Path) -> Presence:
    """Return how much of the directory's shop the database contains. At most 6 queries.

    COMPLETE: all its products and users and its last event, whatever other rows there are. Events are
              stored in the order of the file, so the last one is missing after an interrupted import.
    ANOTHER:  not complete, and there are products or users that the files do not contain
    PARTIAL:  anything else, including an empty database. Files with problems are never COMPLETE, so that
              the import that follows reports them.
    Raises ShopNotFound when the directory does not exist.
    """
    shop = ShopDirectory(directory, NullObserver())
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
    known_users, known_products = user_ids(), stored_ids(Product)
    if not (known_users.keys() >= users and known_products.keys() >= products):
        return False
    last = deque(shop.events(known_users, known_products), maxlen=1)
    if shop.n_problems:
        return False
    if not last:
        return True
    ordinal = sum(row == last[0] for row in shop.events(known_users, known_products))
    return Interaction.objects.filter(event_key=event_key(last[0], ordinal)).exists()
