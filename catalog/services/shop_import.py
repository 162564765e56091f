"""Imports a shop from a directory of CSV files: they are the truth, and a second import changes nothing."""

from collections import deque
from collections.abc import Container, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db import transaction
from django.db.models import Q

from catalog.errors import BadShop, NoShop
from catalog.models import Interaction, Product, User
from catalog.services.shop_bulk import Tally
from catalog.services.shop_events import EventTally, event_key, store_events
from catalog.services.shop_lines import count_lines
from catalog.services.shop_products import ProductStore
from catalog.services.shop_report import Problem, Watcher, counted
from catalog.services.shop_rows import EventRow, ProductRow, UserRow, event_rows, product_rows, user_rows
from catalog.services.shop_users import store_users


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """What an import did."""

    products: Tally
    users: Tally
    events: EventTally
    n_new_categories: int
    n_new_tags: int
    n_problems: int


def import_shop(directory: Path, *, strict: bool, now: datetime, watcher: Watcher) -> ImportSummary:
    """Store what the files of the directory hold and return what happened; problems go to the watcher.

    Every chunk of rows is a transaction, so what an interrupted import has stored stays and a second one
    completes it. With `strict` the files are first read to the end without touching the database, so that a
    bad row is found before anybody waits for a lock, and then written in one transaction, so that not even
    a full disk leaves half a shop behind.
    Memory grows with users and products, not with events.
    Raises NoShop when there is no such directory, BadShop when `strict` and anything is wrong.
    """
    shop = _Shop(directory, watcher)
    if strict:
        shop.check()
        shop.raise_if_bad()
    transacted: AbstractContextManager[object] = transaction.atomic() if strict else nullcontext()
    with transacted:
        summary = shop.store(now)
        if strict:
            shop.raise_if_bad()
    return summary


def is_imported(directory: Path) -> bool:
    """Return whether the shop of the directory is here: its products, its users and its last event.

    Events are stored in the order of the file, so an import that was interrupted lacks the last one.
    False too when anything is wrong with the files, so that the import which follows can report it.
    Raises NoShop when there is no such directory.
    """
    shop = _Shop(directory, _Silent())
    users, products = _ids(User), _ids(Product)
    if any(row.external_id not in products for row in shop.products()):
        return False
    if any(row.external_id not in users for row in shop.users()):
        return False
    last = deque(shop.events(users, products), maxlen=1)
    if shop.n_problems:
        return False
    if not last:
        return True
    ordinal = sum(row == last[0] for row in shop.events(users, products))
    return Interaction.objects.filter(event_key=event_key(last[0], ordinal)).exists()


class _Shop:
    """The three files of a directory, and how many problems they have shown."""

    def __init__(self, directory: Path, watcher: Watcher) -> None:
        if not directory.is_dir():
            raise NoShop(f'"{directory}" is not a directory; name the one that holds products.csv.')
        self._directory = directory
        self._watcher = watcher
        self._activity = "importing"
        self.n_problems = 0

    def reading(self, title: str, n_lines: int) -> None:
        self._watcher.reading(title, n_lines)

    def advanced(self, n_lines: int) -> None:
        self._watcher.advanced(n_lines)

    def found(self, problem: Problem) -> None:
        self.n_problems += 1
        self._watcher.found(problem)

    def raise_if_bad(self) -> None:
        if self.n_problems:
            raise BadShop(f"{counted(self.n_problems)} found; nothing was imported.")

    def products(self) -> Iterator[ProductRow]:
        return product_rows(self._opened("products.csv"), self)

    def users(self) -> Iterator[UserRow]:
        staff = User.objects.filter(Q(is_staff=True) | Q(is_superuser=True), external_id__isnull=False)
        return user_rows(
            self._opened("users.csv"), self, staff=set(staff.values_list("external_id", flat=True))
        )

    def events(self, users: Container[str], products: Container[str]) -> Iterator[EventRow]:
        plain, packed = "interactions.csv", "interactions.csv.gz"
        is_packed = (self._directory / packed).exists()
        if is_packed and (self._directory / plain).exists():
            self.found(Problem(plain, None, None, None, f"stands beside {packed}; keep one of the two"))
            return iter(())
        return event_rows(self._opened(packed if is_packed else plain), self, users=users, products=products)

    def check(self) -> None:
        """Read everything and store nothing."""
        self._activity = "checking"
        products = _ids(Product).keys() | {row.external_id for row in self.products()}
        users = _ids(User).keys() | {row.external_id for row in self.users()}
        deque(self.events(users, products), maxlen=0)

    def store(self, now: datetime) -> ImportSummary:
        """Read everything and store what is good."""
        self._activity = "importing"
        store = ProductStore()
        store.store(self.products())
        users = store_users(self.users())
        known = {"users": _ids(User), "products": _ids(Product)}
        events = store_events(self.events(**known), **known, now=now)
        return ImportSummary(
            products=store.products,
            users=users,
            events=events,
            n_new_categories=store.categories.n_created,
            n_new_tags=store.tags.n_created,
            n_problems=self.n_problems,
        )

    def _opened(self, name: str) -> Path:
        path = self._directory / name
        self.reading(f"{self._activity} {name}", count_lines(path))
        return path


class _Silent:
    """A watcher who says nothing."""

    def reading(self, title: str, n_lines: int) -> None: ...

    def advanced(self, n_lines: int) -> None: ...

    def found(self, problem: Problem) -> None: ...


def _ids(model: type[User] | type[Product]) -> dict[str, int]:
    """Return the id of every external id. 1 query."""
    return dict(model._default_manager.filter(external_id__isnull=False).values_list("external_id", "pk"))
