"""A directory with the three CSV files of a shop, and a count of the problems found in them."""

from collections.abc import Container, Iterator
from pathlib import Path
from typing import Any

from catalog.errors import InvalidShop, ShopNotFound
from catalog.importing.report import ImportObserver, Problem, format_problem_count
from catalog.importing.rows import EventRecord, ProductRecord, UserRecord, event_rows, product_rows, user_rows
from catalog.importing.text_files import TextFile, survey
from catalog.models import FormerUser, Product, User


class ShopDirectory:
    """The three CSV files of a directory, and the number of problems found in them.

    Each method reads its file from the beginning and reports problems to the observer.
    Raises ShopNotFound when the directory does not exist.
    """

    def __init__(self, directory: Path, observer: ImportObserver) -> None:
        if not directory.is_dir():
            raise ShopNotFound(
                f'"{directory}" is not a directory; give the directory that contains products.csv.'
            )
        self._directory = directory
        self._observer = observer
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

    def products(self) -> Iterator[ProductRecord]:
        return product_rows(self._opened("products.csv"), self)

    def users(self) -> Iterator[UserRecord]:
        return user_rows(self._opened("users.csv"), self)

    def events(self, users: Container[str], products: Container[str]) -> Iterator[EventRecord]:
        plain, compressed = "interactions.csv", "interactions.csv.gz"
        is_compressed = (self._directory / compressed).exists()
        if is_compressed and (self._directory / plain).exists():
            self.found(Problem(plain, None, None, None, f"{compressed} exists, too; keep only one of them"))
            return iter(())
        name = compressed if is_compressed else plain
        return event_rows(self._opened(name), self, users=users, products=products)

    def _opened(self, name: str) -> TextFile:
        file = survey(self._directory / name)
        self.reading(f"{self.activity} {name}", file.n_lines)
        return file


def stored_ids(model: type[User] | type[Product]) -> dict[str, int]:
    """Return the ids of all rows that have an external id, by external id. 1 query."""
    rows: Any = model._default_manager.filter(external_id__isnull=False)
    return dict(rows.values_list("external_id", "pk"))


def user_ids() -> dict[str, int]:
    """Return the ids of all users by external id; those of merged users lead to the other one. 2 queries."""
    return {**former_ids(), **stored_ids(User)}


def former_ids() -> dict[str, int]:
    """Return the ids of the users into whom others were merged, by the external ids of these. 1 query."""
    rows = FormerUser.objects.filter(external_id__isnull=False)
    return {str(name): user_id for name, user_id in rows.values_list("external_id", "user_id")}
