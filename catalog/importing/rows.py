"""Checks the records of a shop's files and yields them as rows; a record with a bad value is reported."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError

from catalog.cells import TIME_WANTED, moment, trimmed
from catalog.columns import EVENTS, PRODUCTS, USERS, Column, ProductFields
from catalog.importing.csv_reader import records
from catalog.importing.report import ImportObserver, Problem
from catalog.models import ActionType

_ACTIONS = frozenset(ActionType.values)
_ACTIONS_WANTED = " or ".join([", ".join(ActionType.values[:-1]), ActionType.values[-1]])


class ProductRecord(ProductFields):
    """A product of a file: its key and the values of the file's columns."""

    external_id: str


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

    All rows hold a value of every column that the file has.
    """
    return _checked(path, PRODUCTS, watcher)


def user_rows(path: Path, watcher: ImportObserver) -> Iterator[UserRecord]:
    """Yield the good rows of users.csv in order; memory holds the ids seen."""
    for values in _checked(path, USERS, watcher):
        yield UserRecord(**values)


def event_rows(
    path: Path, watcher: ImportObserver, *, users: Container[str], products: Container[str]
) -> Iterator[EventRecord]:
    """Yield the good rows of interactions.csv in order; memory holds one row.

    users, products: the external ids that the other two files or the database know
    """
    for line, values in records(path, EVENTS, watcher):
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


def _checked(path: Path, columns: Sequence[Column], watcher: ImportObserver) -> Iterator[Any]:
    """Yield the values of each record, by key, that passes every check and whose id has not come before.

    They are without the optional columns that the file lacks.
    """
    first_lines: dict[object, int] = {}
    required = [column for column in columns if not column.is_optional]
    optional = [column for column in columns if column.is_optional]
    found = records(
        path, [column.name for column in required], watcher, optional=[column.name for column in optional]
    )
    for line, cells in found:
        values: dict[str, object] = {}
        is_good = True
        for column, cell in zip([*required, *optional], cells, strict=True):
            if cell is None:
                continue
            try:
                value = column.parse(cell)
                if column.name == "id" and (first := first_lines.setdefault(value, line)) != line:
                    raise ValidationError(f"stands in line {first} already; an id may stand once")
                values[column.key] = value
            except ValidationError as error:
                is_good = False
                message = error.messages[0].rstrip(".")
                message = message[:1].lower() + message[1:]
                watcher.found(Problem(path.name, line, column.name, trimmed(cell), message))
        if is_good:
            yield values
