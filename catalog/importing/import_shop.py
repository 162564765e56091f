"""Import of a shop from a directory of CSV files; importing the same files again changes nothing."""

from collections import deque
from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction

from catalog.importing.bulk import Counts
from catalog.importing.date_shift import UNSHIFTED, shift_to_yesterday
from catalog.importing.directory import PRODUCTS, ShopDirectory, former_ids, stored_ids, user_ids
from catalog.importing.events import EventCounts, report_reuse, store_events
from catalog.importing.missing import (
    Creatable,
    Missing,
    count_missing,
    create_products,
    create_users,
    deactivate_missing,
)
from catalog.importing.presence import raise_if_another
from catalog.importing.products import ProductStore
from catalog.importing.report import ImportObserver
from catalog.importing.rows import ProductRecord
from catalog.importing.users import store_users
from catalog.models import Product


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What an import does beyond storing the valid rows.

    strict:             stores nothing if there is any problem
    ends_yesterday:     shifts all events by the same number of days; see `shift_to_yesterday`
    deactivate_missing: deactivates the products that are not in products.csv
    create_missing:     creates what only the events name: inactive products, and users
    into_existing:      imports although the database contains another shop
    """

    strict: bool = False
    ends_yesterday: bool = False
    deactivate_missing: bool = False
    create_missing: bool = False
    into_existing: bool = False


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """The results of an import.

    shift:   what was added to the time of every event
    missing: None without a products.csv, unless its missing products were to be deactivated
    n_new_products, n_new_users: those that only the events name
    """

    products: Counts
    users: Counts
    events: EventCounts
    n_new_categories: int
    n_new_tags: int
    n_problems: int
    shift: timedelta
    missing: Missing | None = None
    n_new_products: int = 0
    n_new_users: int = 0


def import_shop(
    directory: Path, *, now: datetime, observer: ImportObserver, options: ImportOptions
) -> ImportSummary:
    """Store the rows of the directory's files and return a summary; report problems to the observer.

    Each chunk of rows is a transaction, so an interrupted import keeps what it has stored, and running it
    again completes it. With `strict` the files are first read to the end without writing, so that a bad row
    is found before the database is locked. Then all rows are written in one transaction, so that even a full
    disk does not leave an incomplete shop.
    Memory grows with the users and products, not with the events.
    Raises ShopNotFound when the directory does not exist or has none of the files, AnotherShop when the
    database contains another shop, InvalidShop for problems when `strict` is set.
    """
    shop = ShopDirectory(directory, observer, now=now)
    if not options.into_existing:
        raise_if_another(directory, now)
    if options.strict:
        _check(shop, options)
        shop.raise_if_bad()
    transacted: AbstractContextManager[object] = transaction.atomic() if options.strict else nullcontext()
    with transacted:
        summary = _store(shop, now, directory, options)
        if options.strict:
            shop.raise_if_bad()
    return summary


def _check(shop: ShopDirectory, options: ImportOptions) -> None:
    """Read all files and report their problems, without storing anything."""
    shop.activity = "checking"
    products: Container[str] = stored_ids(Product).keys() | {row["external_id"] for row in shop.products()}
    users: Container[str] = user_ids().keys() | {row.external_id for row in shop.users()}
    if options.create_missing:
        products = Creatable(products, shop.refused_products.lines)
        users = Creatable(users, shop.refused_users.lines)
    deque(shop.events(users, products), maxlen=0)


def _store(shop: ShopDirectory, now: datetime, directory: Path, options: ImportOptions) -> ImportSummary:
    """Read all files and store the valid rows."""
    shop.activity = "importing"
    store = ProductStore()
    found: set[str] = set()
    store.store(_noting_ids(shop.products(), found))
    missing = _missing(shop, found, now, options)
    former = former_ids()
    users = store_users(row for row in shop.users() if row.external_id not in former)
    ids = {"users": user_ids(), "products": stored_ids(Product)}
    n_new_users = n_new_products = 0
    if options.create_missing:
        n_new_users, n_new_products = _create_missing(shop, **ids)
        ids = {"users": user_ids(), "products": stored_ids(Product)}
    shift = shift_to_yesterday(directory, **ids, now=now) if options.ends_yesterday else UNSHIFTED
    rows = shop.events(**ids)
    events = store_events(rows, **ids, now=now, shift=shift, reused=report_reuse(shop, shop.events_name))
    return ImportSummary(
        products=store.products,
        users=users,
        events=events,
        n_new_categories=store.n_new_categories,
        n_new_tags=store.n_new_tags,
        n_problems=shop.n_problems,
        shift=shift,
        missing=missing,
        n_new_products=n_new_products,
        n_new_users=n_new_users,
    )


def _noting_ids(rows: Iterable[ProductRecord], found: set[str]) -> Iterator[ProductRecord]:
    """Yield the rows, and add their external ids to the set."""
    for row in rows:
        found.add(row["external_id"])
        yield row


def _missing(shop: ShopDirectory, found: set[str], now: datetime, options: ImportOptions) -> Missing | None:
    """Return what is missing in products.csv, and deactivate it if that is asked for and certain.

    A product whose row was refused is in the file. None is missing for certain if some rows cannot be read.
    """
    if PRODUCTS not in shop.names:
        return Missing(obstacle=f"there is no {PRODUCTS}") if options.deactivate_missing else None
    ids = found | shop.refused_products.lines.keys()
    missing = count_missing(ids)
    if not options.deactivate_missing:
        return missing
    if not found:
        return replace(missing, obstacle=f"{PRODUCTS} has no valid row")
    if not shop.refused_products.is_whole:
        return replace(missing, obstacle=f"some rows of {PRODUCTS} could not be read")
    return replace(missing, n_deactivated=deactivate_missing(ids, now))


def _create_missing(
    shop: ShopDirectory, users: Mapping[str, int], products: Mapping[str, int]
) -> tuple[int, int]:
    """Create the users and products that only the events name, and return their numbers."""
    may_be_users = Creatable(users, shop.refused_users.lines)
    may_be_products = Creatable(products, shop.refused_products.lines)
    new_users: dict[str, None] = {}
    new_products: dict[str, None] = {}
    for row in shop.unreported_events(may_be_users, may_be_products):
        if row.user not in users:
            new_users[row.user] = None
        if row.product not in products:
            new_products[row.product] = None
    return create_users(new_users), create_products(new_products)
