"""A shop as a directory of CSV files: opens the three and counts the problems they show."""

from collections.abc import Container, Iterator
from pathlib import Path
from typing import Any

from catalog.errors import BadShop, NoShop
from catalog.importing.lines import count_lines
from catalog.importing.report import ImportObserver, Problem, counted
from catalog.importing.rows import EventRecord, ProductRecord, UserRecord, event_rows, product_rows, user_rows
from catalog.models import Product, User


class ShopDirectory:
    """The three files of a directory, and how many problems they have shown.

    Each reading begins at the top of a file; what is wrong goes to the watcher.
    Raises NoShop when there is no such directory.
    """

    def __init__(self, directory: Path, watcher: ImportObserver) -> None:
        if not directory.is_dir():
            raise NoShop(f'"{directory}" is not a directory; name the one that holds products.csv.')
        self._directory = directory
        self._watcher = watcher
        self.activity = "importing"
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

    def products(self) -> Iterator[ProductRecord]:
        return product_rows(self._opened("products.csv"), self)

    def users(self) -> Iterator[UserRecord]:
        return user_rows(self._opened("users.csv"), self)

    def events(self, users: Container[str], products: Container[str]) -> Iterator[EventRecord]:
        plain, packed = "interactions.csv", "interactions.csv.gz"
        is_packed = (self._directory / packed).exists()
        if is_packed and (self._directory / plain).exists():
            self.found(Problem(plain, None, None, None, f"stands beside {packed}; keep one of the two"))
            return iter(())
        return event_rows(self._opened(packed if is_packed else plain), self, users=users, products=products)

    def _opened(self, name: str) -> Path:
        path = self._directory / name
        self.reading(f"{self.activity} {name}", count_lines(path))
        return path


def stored_ids(model: type[User] | type[Product]) -> dict[str, int]:
    """Return the id of every external id. 1 query."""
    rows: Any = model._default_manager.filter(external_id__isnull=False)
    return dict(rows.values_list("external_id", "pk"))
