"""Check whether the database contains all, a part, or none of a directory's shop."""

from collections import deque
from collections.abc import Iterable
from datetime import datetime
from enum import Enum, auto
from itertools import islice
from pathlib import Path
from typing import Any

from catalog.errors import AnotherShop
from catalog.importing.directory import Shop, ShopDirectory, stored_ids, user_ids
from catalog.importing.events import event_key
from catalog.importing.report import NullObserver
from catalog.models import Interaction, Product, User

_N_FIRST = 1_000  # rows of a file that tell whether the database contains its shop


class Presence(Enum):
    """How much of a shop the database contains."""

    COMPLETE = auto()
    PARTIAL = auto()
    ANOTHER = auto()


def presence(directory: Path, now: datetime) -> Presence:
    """Return how much of the directory's shop the database contains. At most 6 queries.

    COMPLETE: all its products and users and its last event, whatever other rows there are. Events are
              stored in the order of the file, so the last one is missing after an interrupted import.
    ANOTHER:  not complete, and there are products or users that the files do not contain
    PARTIAL:  anything else, including an empty database. Files with problems are never COMPLETE, so that
              the import that follows reports them.
    Raises ShopNotFound when the directory does not exist.
    """
    shop = ShopDirectory(directory, NullObserver(), now=now)
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
    ordinal = 1
    if last[0].event_id is None:
        ordinal = sum(row == last[0] for row in shop.events(known_users, known_products))
    return Interaction.objects.filter(event_key=event_key(last[0], ordinal)).exists()


def raise_if_another(shop: Shop, source: str) -> None:
    """Raise AnotherShop if the database contains a shop and hardly knows the ids of this one.

    source: its name in the message

    A tenth of the first products, of the first users, or of those in the first events is enough to know. At
    most 5 queries.
    """
    if not Product.objects.filter(external_id__isnull=False).exists():
        return
    products = list(islice((row["external_id"] for row in shop.products()), _N_FIRST))
    users = list(islice((row.external_id for row in shop.users()), _N_FIRST))
    events = list(islice(shop.unreported_events(_All(), _All()), _N_FIRST))
    is_known = (
        _are_known(Product, products)
        or _are_known(User, users)
        or _are_known(Product, [row.product for row in events])
        or _are_known(User, [row.user for row in events])
    )
    if not is_known and (products or users or events):
        raise AnotherShop(
            f'The database contains another shop and hardly any of the ids in "{source}". Import into '
            "an empty database, or add --into-existing to mix both. Nothing was imported."
        )


class _All:
    """Contains everything."""

    def __contains__(self, key: object) -> bool:
        return True


def _are_known(model: type[Product] | type[User], ids: Iterable[str]) -> bool:
    """Return whether a tenth of these external ids are stored. 1 query."""
    wanted = set(ids)
    rows: Any = model._default_manager.filter(external_id__in=wanted)
    return bool(wanted) and 10 * rows.count() >= len(wanted)
