"""Imports a shop from a directory of CSV files: they are the truth, and a second import changes nothing."""

from collections import deque
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction

from catalog.importing.bulk import Counts
from catalog.importing.date_shift import UNSHIFTED, shift_to_yesterday
from catalog.importing.directory import ShopDirectory, stored_ids
from catalog.importing.events import EventCounts, store_events
from catalog.importing.products import ProductStore
from catalog.importing.report import ImportObserver
from catalog.importing.users import store_users
from catalog.models import Product, User


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """What an import did. shift: by what all events were moved."""

    products: Counts
    users: Counts
    events: EventCounts
    n_new_categories: int
    n_new_tags: int
    n_problems: int
    shift: timedelta


def import_shop(
    directory: Path, *, strict: bool, now: datetime, watcher: ImportObserver, ends_yesterday: bool = False
) -> ImportSummary:
    """Store what the files of the directory hold and return what happened; problems go to the watcher.

    Every chunk of rows is a transaction, so what an interrupted import has stored stays and a second one
    completes it. With `strict` the files are first read to the end without touching the database, so that a
    bad row is found before anybody waits for a lock, and then written in one transaction, so that not even
    a full disk leaves half a shop behind.
    With `ends_yesterday` all events are moved by the same whole days, see `shift_to_yesterday`.
    Memory grows with users and products, not with events.
    Raises NoShop when there is no such directory, BadShop when `strict` and anything is wrong.
    """
    shop = ShopDirectory(directory, watcher)
    if strict:
        _check(shop)
        shop.raise_if_bad()
    transacted: AbstractContextManager[object] = transaction.atomic() if strict else nullcontext()
    with transacted:
        summary = _store(shop, now, directory if ends_yesterday else None)
        if strict:
            shop.raise_if_bad()
    return summary


def _check(shop: ShopDirectory) -> None:
    """Read everything and store nothing."""
    shop.activity = "checking"
    products = stored_ids(Product).keys() | {row.external_id for row in shop.products()}
    users = stored_ids(User).keys() | {row.external_id for row in shop.users()}
    deque(shop.events(users, products), maxlen=0)


def _store(shop: ShopDirectory, now: datetime, moved: Path | None) -> ImportSummary:
    """Read everything and store what is good. moved: the directory whose events are to end yesterday."""
    shop.activity = "importing"
    store = ProductStore()
    store.store(shop.products())
    users = store_users(shop.users())
    known = {"users": stored_ids(User), "products": stored_ids(Product)}
    shift = shift_to_yesterday(moved, **known, now=now) if moved else UNSHIFTED
    events = store_events(shop.events(**known), **known, now=now, shift=shift)
    return ImportSummary(
        products=store.products,
        users=users,
        events=events,
        n_new_categories=store.categories.n_created,
        n_new_tags=store.tags.n_created,
        n_problems=shop.n_problems,
        shift=shift,
    )
