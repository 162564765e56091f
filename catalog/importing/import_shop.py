"""Import of a shop from a directory of CSV files; importing the same files again changes nothing."""

from collections import deque
from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction

from catalog.importing.bulk import Counts
from catalog.importing.date_shift import UNSHIFTED, shift_to_yesterday
from catalog.importing.directory import Shop, ShopDirectory, former_ids, stored_ids, user_ids
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
from catalog.importing.report import ImportObserver, NullObserver
from catalog.importing.rows import EventRecord, ProductRecord, UserRecord
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
    products_name: the file of products, if there is one
    left_out: how many rows are no product or purchase, by the reason
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
    products_name: str | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)


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
        raise_if_another(ShopDirectory(directory, NullObserver(), now=now), str(directory))
    return import_files(shop, now=now, options=options, shifted=directory)


def import_files(
    shop: Shop, *, now: datetime, options: ImportOptions, shifted: Path | None = None
) -> ImportSummary:
    """Store the valid rows of the shop's files and return a summary; see `import_shop`.

    shifted: the directory with the events, if they may be shifted
    """
    if options.strict:
        deque(check(shop, options), maxlen=0)
        shop.raise_if_bad()
    transacted: AbstractContextManager[object] = transaction.atomic() if options.strict else nullcontext()
    with transacted:
        summary = _store(shop, now, shifted, options)
        if options.strict:
            shop.raise_if_bad()
    return summary


def check(shop: Shop, options: ImportOptions) -> Iterator[ProductRecord | UserRecord | EventRecord]:
    """Yield the valid rows of all files and report the problems, without storing anything."""
    shop.activity = "checking"
    known_products, known_users = set(stored_ids(Product)), set(user_ids())
    for product in shop.products():
        known_products.add(product["external_id"])
        yield product
    for user in shop.users():
        known_users.add(user.external_id)
        yield user
    products: Container[str] = known_products
    users: Container[str] = known_users
    if options.create_missing:
        products = Creatable(products, shop.refused_products.lines)
        users = Creatable(users, shop.refused_users.lines)
    yield from shop.events(users, products)


def _store(shop: Shop, now: datetime, shifted: Path | None, options: ImportOptions) -> ImportSummary:
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
    shift = UNSHIFTED
    if options.ends_yesterday and shifted:
        shift = shift_to_yesterday(shifted, **ids, now=now)
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
        products_name=shop.products_name,
        left_out=shop.left_out,
    )


def _noting_ids(rows: Iterable[ProductRecord], found: set[str]) -> Iterator[ProductRecord]:
    """Yield the rows, and add their external ids to the set."""
    for row in rows:
        found.add(row["external_id"])
        yield row


def _missing(shop: Shop, found: set[str], now: datetime, options: ImportOptions) -> Missing | None:
    """Return what is missing in products.csv, and deactivate it if that is asked for and certain.

    A product whose row was refused is in the file. None is missing for certain if some rows cannot be read.
    """
    name = shop.products_name
    if name is None:
        return Missing(obstacle=shop.without_products) if options.deactivate_missing else None
    ids = found | shop.refused_products.lines.keys()
    missing = count_missing(ids)
    if not options.deactivate_missing:
        return missing
    if not found:
        return replace(missing, obstacle=f"{name} has no valid row")
    if not shop.refused_products.is_whole:
        return replace(missing, obstacle=f"some rows of {name} could not be read")
    return replace(missing, n_deactivated=deactivate_missing(ids, now))


def _create_missing(shop: Shop, users: Mapping[str, int], products: Mapping[str, int]) -> tuple[int, int]:
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
