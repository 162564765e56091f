"""Import of a shop from a directory of CSV files; importing the same files again changes nothing."""

from collections import deque
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction

from catalog.importing.bulk import Counts
from catalog.importing.date_shift import UNSHIFTED, shift_to_yesterday
from catalog.importing.directory import ShopDirectory, former_ids, stored_ids, user_ids
from catalog.importing.events import EventCounts, store_events
from catalog.importing.products import ProductStore
from catalog.importing.report import ImportObserver
from catalog.importing.users import store_users
from catalog.models import Product


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """The results of an import. shift: what was added to the time of every event."""

    products: Counts
    users: Counts
    events: EventCounts
    n_new_categories: int
    n_new_tags: int
    n_problems: int
    shift: timedelta


def import_shop(
    directory: Path, *, strict: bool, now: datetime, observer: ImportObserver, ends_yesterday: bool = False
) -> ImportSummary:
    """Store the rows of the directory's files and return a summary; report problems to the observer.

    Each chunk of rows is a transaction, so an interrupted import keeps what it has stored, and running it
    again completes it. With `strict` the files are first read to the end without writing, so that a bad row
    is found before the database is locked. Then all rows are written in one transaction, so that even a full
    disk does not leave an incomplete shop.
    With `ends_yesterday` all events are shifted by the same number of days; see `shift_to_yesterday`.
    Memory grows with the users and products, not with the events.
    Raises ShopNotFound when the directory does not exist, InvalidShop for problems when `strict` is set.
    """
    shop = ShopDirectory(directory, observer)
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
    """Read all files and report their problems, without storing anything."""
    shop.activity = "checking"
    products = stored_ids(Product).keys() | {row["external_id"] for row in shop.products()}
    users = user_ids().keys() | {row.external_id for row in shop.users()}
    deque(shop.events(users, products), maxlen=0)


def _store(shop: ShopDirectory, now: datetime, shifted: Path | None) -> ImportSummary:
    """Read all files and store the valid rows. shifted: the directory, if its events are to end yesterday."""
    shop.activity = "importing"
    store = ProductStore()
    store.store(shop.products())
    former = former_ids()
    users = store_users(row for row in shop.users() if row.external_id not in former)
    ids = {"users": user_ids(), "products": stored_ids(Product)}
    shift = shift_to_yesterday(shifted, **ids, now=now) if shifted else UNSHIFTED
    events = store_events(shop.events(**ids), **ids, now=now, shift=shift)
    return ImportSummary(
        products=store.products,
        users=users,
        events=events,
        n_new_categories=store.n_new_categories,
        n_new_tags=store.n_new_tags,
        n_problems=shop.n_problems,
        shift=shift,
    )
