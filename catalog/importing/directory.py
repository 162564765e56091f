"""A directory with the CSV files of a shop, and a count of the problems found in them."""

import fnmatch
import shlex
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Container, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from catalog.errors import InvalidShop, ShopNotFound
from catalog.importing.hints import ProductHints
from catalog.importing.report import ImportObserver, NullObserver, Problem, escaped, format_problem_count
from catalog.importing.rows import (
    EventRecord,
    KnownIds,
    ProductRecord,
    Refused,
    UserRecord,
    event_rows,
    product_rows,
    user_rows,
)
from catalog.importing.text_files import TextFile, survey
from catalog.models import FormerUser, Product, User
from catalog.services.events import LEEWAY

PRODUCTS, USERS, EVENTS, PACKED_EVENTS = (
    "products.csv",
    "users.csv",
    "interactions.csv",
    "interactions.csv.gz",
)
FILES = (PRODUCTS, USERS, EVENTS, PACKED_EVENTS)
# Files of other programs by their names, and what reads them.
_EXPORTS = (
    ("products_export*.csv", "shopify"),
    ("orders_export*.csv", "shopify"),
    ("wc-product-export*.csv", "woocommerce"),
    ("wc-order*.csv", "woocommerce"),
    ("order*export*.csv", "woocommerce"),
    ("*.xml", "google"),
    ("*.tsv", "google"),
)
_MAX_NAMED = 3


class Shop(ABC):
    """The files of a shop, and the number of problems found in them.

    Each method reads its file from the beginning and reports problems to the observer; without the file there
    are no rows.
    products_name:    the file of products; None if there is none
    without_products: what to say if there is none
    events_name:      the file of events
    latest:           the latest time that an event may have
    left_out:         how many rows are no product or purchase, by the reason
    """

    products_name: str | None
    without_products = f"there is no {PRODUCTS}"
    events_name: str

    def __init__(self, observer: ImportObserver, *, now: datetime) -> None:
        self._observer = observer
        self.latest = now + LEEWAY
        self.left_out: Counter[str] = Counter()
        self.refused_products, self.refused_users = Refused(), Refused()
        self.activity = "importing"
        self.n_problems = 0

    def reading(self, title: str, n_lines: int) -> None:
        self._observer.reading(title, n_lines)

    def advanced(self, n_lines: int) -> None:
        self._observer.advanced(n_lines)

    def found(self, problem: Problem) -> None:
        self.n_problems += 1
        self._observer.found(problem)

    def noted(self, file: str, note: str) -> None:
        self._observer.noted(file, note)

    def raise_if_bad(self) -> None:
        if self.n_problems:
            raise InvalidShop(f"{format_problem_count(self.n_problems)} found; nothing was imported.")

    @abstractmethod
    def products(self) -> Iterator[ProductRecord]: ...

    @abstractmethod
    def users(self) -> Iterator[UserRecord]: ...

    @abstractmethod
    def events(self, users: Container[str], products: Container[str]) -> Iterator[EventRecord]:
        """Return the events of these users and products. Call it when the other files have been read."""

    @abstractmethod
    def unreported_events(self, users: Container[str], products: Container[str]) -> Iterator[EventRecord]:
        """Return the same, without reporting the problems."""


class ShopDirectory(Shop):
    """The CSV files of a directory.

    Raises ShopNotFound when the directory does not exist, or has none of the files.
    """

    def __init__(self, directory: Path, observer: ImportObserver, *, now: datetime) -> None:
        super().__init__(observer, now=now)
        if not directory.is_dir():
            raise ShopNotFound(
                f'"{directory}" is not a directory; give the directory that contains products.csv.'
            )
        self._directory = directory
        self._surveyed: dict[str, TextFile] = {}
        self.names = tuple(name for name in FILES if (directory / name).exists())
        if not self.names:
            raise ShopNotFound(_without_files(directory))
        self.products_name = PRODUCTS if PRODUCTS in self.names else None
        self.events_name = EVENTS if EVENTS in self.names else PACKED_EVENTS

    def products(self) -> Iterator[ProductRecord]:
        if PRODUCTS not in self.names:
            return
        self.refused_products = Refused()
        hints = ProductHints()
        for row in product_rows(self.opened(PRODUCTS), self, self.refused_products):
            hints.add(row)
            yield row
        for note in hints.notes():
            self.noted(PRODUCTS, note)

    def users(self) -> Iterator[UserRecord]:
        if USERS not in self.names:
            return
        self.refused_users = Refused()
        yield from user_rows(self.opened(USERS), self, self.refused_users)

    def events(self, users: Container[str], products: Container[str]) -> Iterator[EventRecord]:
        file = self.events_file()
        return iter(()) if file is None else self.events_of(file, self, users, products)

    def unreported_events(self, users: Container[str], products: Container[str]) -> Iterator[EventRecord]:
        if EVENTS in self.names and PACKED_EVENTS in self.names:
            return iter(())
        file = self.events_file()
        return iter(()) if file is None else self.events_of(file, NullObserver(), users, products)

    def events_of(
        self, file: TextFile, observer: ImportObserver, users: Container[str], products: Container[str]
    ) -> Iterator[EventRecord]:
        return event_rows(file, observer, self.known(users, products), latest=self.latest)

    def events_file(self) -> TextFile | None:
        """Return the file of events; None if there is none, and after reporting if there are two."""
        names = [name for name in (EVENTS, PACKED_EVENTS) if name in self.names]
        if len(names) > 1:
            message = f"{PACKED_EVENTS} exists, too; keep only one of them"
            self.found(Problem(EVENTS, None, None, None, message))
            return None
        return self.opened(names[0]) if names else None

    def known(self, users: Container[str], products: Container[str]) -> KnownIds:
        return KnownIds(users, products, self.names, self.refused_users.lines, self.refused_products.lines)

    def opened(self, name: str) -> TextFile:
        """Return the file after saying that it is read."""
        file = self._surveyed.get(name)
        if file is None:
            file = self._surveyed[name] = survey(self._directory / name)
        self.reading(f"{self.activity} {name}", file.n_lines)
        return file


def _without_files(directory: Path) -> str:
    """Return what a directory without a shop's files lacks, and the command that reads what it has."""
    try:
        names = sorted(path.name for path in directory.iterdir() if path.is_file())
    except OSError as error:
        return f'Cannot read the directory "{directory}": {error.strerror}.'
    message = f'"{directory}" contains no products.csv, users.csv or interactions.csv'
    exports = {
        name: program
        for name in names
        for pattern, program in reversed(_EXPORTS)
        if fnmatch.fnmatch(name.lower(), pattern)
    }
    others = [name for name in names if name.lower().endswith(".csv") and name not in exports]
    if exports:
        calls = [
            f"manage.py import_feed {_quoted(directory / name)} --format {program}"
            for name, program in list(exports.items())[:_MAX_NAMED]
        ]
        return f"{message}, but exports of other programs. Import them with: {'; '.join(calls)}"
    if others:
        call = f"manage.py import_feed {_quoted(directory / others[0])} --format auto"
        named = ", ".join(map(escaped, others[:_MAX_NAMED]))
        return f"{message}, but {named}. Rename files and columns as docs/import.md says, or try: {call}"
    return f"{message}; see docs/import.md."


def _quoted(path: Path) -> str:
    return shlex.quote(escaped(str(path), 1_000))


def stored_ids(model: type[User] | type[Product]) -> dict[str, int]:
    """Return the ids of all rows that have an external id, by external id. 1 query."""
    rows: Any = model._default_manager.filter(external_id__isnull=False)
    return dict(rows.values_list("external_id", "pk"))


def user_ids() -> dict[str, int]:
    """Return the ids of all users by external id; those of merged users lead to the other one. 2 queries."""
    return {**former_ids(), **stored_ids(User)}


def former_ids() -> dict[str, int]:
    """Return the ids that the external ids of merged users lead to. 1 query."""
    rows = FormerUser.objects.filter(external_id__isnull=False)
    return {str(name): user_id for name, user_id in rows.values_list("external_id", "user_id")}
