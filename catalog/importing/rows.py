"""Checks the records of a shop's files and yields them as rows; a record with a bad value is reported."""

from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum, auto
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from django.core.exceptions import ValidationError

from catalog.importing import columns
from catalog.importing.columns import TIME_WANTED, moment, trimmed
from catalog.importing.csv_reader import records
from catalog.importing.report import ImportObserver, Problem
from catalog.models import ActionType

Check: TypeAlias = Callable[[str], object]
_EVENT_COLUMNS = ("user_id", "product_id", "action_type", "created_at")
_ACTIONS = frozenset(ActionType.values)
_ACTIONS_WANTED = " or ".join([", ".join(ActionType.values[:-1]), ActionType.values[-1]])


class NotGiven(Enum):
    """Stands for a value of which the file says nothing, as it lacks the column."""

    UNSAID = auto()


NOT_GIVEN: Final = NotGiven.UNSAID
# How many are left; None where it is not tracked.
Stock: TypeAlias = int | Literal[NotGiven.UNSAID] | None


@dataclass(frozen=True, slots=True)
class ProductRecord:
    external_id: str
    name: str
    category: str
    price: Decimal
    description: str
    tags: tuple[str, ...]
    stock: Stock = NOT_GIVEN


@dataclass(frozen=True, slots=True)
class UserRecord:
    external_id: str
    name: str


class EventRecord(NamedTuple):
    """One event, by the shop's own keys."""

    user: str
    product: str
    action_type: str
    occurred_at: datetime


def product_rows(path: Path, watcher: ImportObserver) -> Iterator[ProductRecord]:
    """Yield the good rows of products.csv in order; memory holds the ids seen.

    Either every row says a stock, or the file lacks the column and none does.
    """
    checks = {
        "id": columns.external_id,
        "name": columns.name,
        "category": columns.category,
        "price": columns.price,
        "description": columns.description,
        "tags": columns.tags,
    }
    for values in _checked(path, checks, watcher, also=("stock", columns.stock)):
        yield ProductRecord(*values)


def user_rows(path: Path, watcher: ImportObserver) -> Iterator[UserRecord]:
    """Yield the good rows of users.csv in order; memory holds the ids seen."""
    for values in _checked(path, {"id": columns.external_id, "name": columns.name}, watcher):
        yield UserRecord(*values)


def event_rows(
    path: Path, watcher: ImportObserver, *, users: Container[str], products: Container[str]
) -> Iterator[EventRecord]:
    """Yield the good rows of interactions.csv in order; memory holds one row.

    users, products: the external ids that the other two files or the database know
    """
    for line, values in records(path, _EVENT_COLUMNS, watcher):
        if row := _event(values, users, products):
            yield row
            continue
        without_blanks = tuple(map(trimmed, values))
        if row := _event(without_blanks, users, products):
            yield row
            continue
        for column, value, message in _faults(without_blanks, users, products):
            watcher.found(Problem(path.name, line, column, value, message))


def _event(values: tuple[str, ...], users: Container[str], products: Container[str]) -> EventRecord | None:
    user, product, action, occurred = values
    if user in users and product in products and action in _ACTIONS and (at := moment(occurred)):
        return EventRecord(user, product, action, at)
    return None


def _faults(
    values: tuple[str, ...], users: Container[str], products: Container[str]
) -> Iterator[tuple[str, str, str]]:
    user, product, action, occurred = values
    if user not in users:
        yield "user_id", user, "is neither in users.csv nor in the database"
    if product not in products:
        yield "product_id", product, "is neither in products.csv nor in the database"
    if action not in _ACTIONS:
        yield "action_type", action, f"must be {_ACTIONS_WANTED}"
    if moment(occurred) is None:
        yield "created_at", occurred, TIME_WANTED


def _checked(
    path: Path, checks: Mapping[str, Check], watcher: ImportObserver, *, also: tuple[str, Check] | None = None
) -> Iterator[list[Any]]:
    """Yield the values of each record that passes every check and whose id has not come before.

    also: a column that a file may lack, and its check; where it does, the values are without it
    """
    first_lines: dict[object, int] = {}
    every_check = [*checks.items(), *([also] if also else ())]
    for line, cells in records(path, tuple(checks), watcher, also=also[0] if also else None):
        values: list[object] = []
        for (column, check), cell in zip(every_check, cells, strict=False):
            try:
                value = check(cell)
                if column == "id" and (first := first_lines.setdefault(value, line)) != line:
                    raise ValidationError(f"stands in line {first} already; an id may stand once")
                values.append(value)
            except ValidationError as error:
                message = error.messages[0].rstrip(".")
                message = message[:1].lower() + message[1:]
                watcher.found(Problem(path.name, line, column, trimmed(cell), message))
        if len(values) == len(cells):
            yield values
