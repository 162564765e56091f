"""Removal of what an import brought: the products and users of a shop's files, and their events."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Q

from catalog.importing.directory import ShopDirectory, stored_ids
from catalog.importing.missing import Creatable
from catalog.importing.report import NullObserver
from catalog.models import Category, Interaction, Product, Tag, User
from catalog.services.names import levels
from privacy.services.erase import erase

_EVENTS_A_BATCH = 5_000
_ROWS_A_BATCH = 500


@dataclass(frozen=True, slots=True)
class ShopRows:
    """What the database has of a shop's files.

    users, products: ids; users with an account are not among them
    n_events:        events of these users or products
    n_accounts:      users of the files who have an account
    """

    users: Sequence[int]
    products: Sequence[int]
    n_events: int
    n_accounts: int


def shop_rows(directory: Path, now: datetime) -> ShopRows:
    """Return what the database has of the directory's files.

    Products and users that only the events name are among them if an import made them: they have their id as
    name, and such products are inactive. Reads all files; 4 queries, and 1 for each 500 rows.
    Raises ShopNotFound.
    """
    shop = ShopDirectory(directory, NullObserver(), now=now)
    stored_products, stored_users = stored_ids(Product), stored_ids(User)
    products = {row["external_id"] for row in shop.products()} | shop.refused_products.lines.keys()
    users = {row.external_id for row in shop.users()} | shop.refused_users.lines.keys()
    made_products = _made(Product, is_active=False)
    made_users = _made(User)
    for row in shop.unreported_events(Creatable((), ()), Creatable((), ())):
        if row.product in made_products:
            products.add(row.product)
        if row.user in made_users:
            users.add(row.user)
    with_account = set(User.objects.filter(account__isnull=False).values_list("pk", flat=True))
    user_ids = sorted(stored_users[key] for key in users & stored_users.keys())
    product_ids = sorted(stored_products[key] for key in products & stored_products.keys())
    removable = [pk for pk in user_ids if pk not in with_account]
    n_events = sum(Interaction.objects.filter(product__in=some).count() for some in _batches(product_ids))
    chosen = set(product_ids)
    for some in _batches(removable):
        events = Interaction.objects.filter(user__in=some).values_list("product", flat=True)
        n_events += sum(product not in chosen for product in events.iterator())
    return ShopRows(removable, product_ids, n_events, len(user_ids) - len(removable))


def remove_shop(rows: ShopRows, *, now: datetime, advanced: Callable[[int], object] = lambda n: None) -> None:
    """Delete these products with their events, and erase the users; delete categories and tags left without.

    advanced: called with how many products and users have been removed since it was called last
    A transaction for 500 products, or 1 user, with at most 5,000 events each, so it can be interrupted and
    run again. Raises CacheUnreachable.
    """
    for some in _batches(rows.products):
        _delete_products(some)
        advanced(len(some))
    for pk in rows.users:
        _delete_events(Q(user=pk))
        if (user := User.objects.filter(pk=pk).first()) is not None:
            erase(user, by=None, now=now)
        advanced(1)


def _made(model: type[Product] | type[User], **values: Any) -> set[str]:
    """Return the external ids of the rows that have their id as name."""
    rows: Any = model._default_manager.filter(external_id__isnull=False, **values)
    return {key for key, name in rows.values_list("external_id", "name") if key == name}


def _delete_products(ids: Sequence[int]) -> None:
    """Delete the products, their events, and their categories and tags if no product is left of them."""
    products = Product.objects.filter(pk__in=ids)
    paths = set(products.filter(category__isnull=False).values_list("category__path", flat=True))
    tags = set(products.filter(tags__isnull=False).values_list("tags", flat=True))
    _delete_events(Q(product__in=ids))
    with transaction.atomic():
        Interaction.objects.filter(product__in=ids).delete()  # of the last moments
        products.delete()
        Tag.objects.filter(pk__in=tags, products__isnull=True).delete()
        above = {path for below in paths for path in levels(below)}
        empty = Category.objects.filter(path__in=above, products__isnull=True, children__isnull=True)
        while empty.delete()[0]:
            pass


def _delete_events(chosen: Q) -> None:
    events = Interaction.objects.filter(chosen).order_by("pk")
    while ids := list(events.values_list("pk", flat=True)[:_EVENTS_A_BATCH]):
        Interaction.objects.filter(pk__in=ids).delete()


def _batches(ids: Sequence[int]) -> Iterator[list[int]]:
    rest = iter(ids)
    while some := list(islice(rest, _ROWS_A_BATCH)):
        yield some
