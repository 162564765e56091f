"""Validation of the records of a shop's files: yields typed rows and reports invalid records."""

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError

from catalog.cells import TIME_EXPECTED, format_cell, moment, strip_blanks
from catalog.columns import EVENTS, PRODUCTS, USERS, Column, ProductFields
from catalog.importing.csv_reader import records
from catalog.importing.report import ImportObserver, Problem
from catalog.importing.text_files import TextFile
from catalog.models import ActionType
from catalog.models.product import sale_faults

_SALE = ("sale_price", "sale_from", "sale_until")
_ACTIONS = frozenset(ActionType.values)
_ACTIONS_ALLOWED = " or ".join([", ".join(ActionType.values[:-1]), ActionType.values[-1]])


class ProductRecord(ProductFields):
    """A product of a file: its external id and the values of the file's columns."""

    external_id: str


@dataclass(frozen=True, slots=True)
class UserRecord:
    external_id: str
    name: str


class EventRecord(NamedTuple):
    """An event of a file. user and product: external ids"""

    user: str
    product: str
    action_type: str
    occurred_at: datetime


def product_rows(file: TextFile, observer: ImportObserver) -> Iterator[ProductRecord]:
    """Yield the valid rows of products.csv in order. Holds the ids seen in memory.

    Each row has a value for every known column of the file. A file with one column of sales has them all:
    those that it lacks are empty.
    """
    for values in _checked(file, PRODUCTS, observer, sale_faults):
        if any(name in values for name in _SALE):
            values.update({name: None for name in _SALE if name not in values})
        yield values


def user_rows(file: TextFile, observer: ImportObserver) -> Iterator[UserRecord]:
    """Yield the valid rows of users.csv in order. Holds the ids seen in memory."""
    for values in _checked(file, USERS, observer):
        yield UserRecord(**values)


def event_rows(
    file: TextFile, observer: ImportObserver, *, users: Container[str], products: Container[str]
) -> Iterator[EventRecord]:
    """Yield the valid rows of interactions.csv in order. Holds one row in memory.

    users, products: the external ids in the other two files or the database
    """
    for line, values in records(file, EVENTS, observer):
        if row := _event(values, users, products):
            yield row
            continue
        stripped = tuple(map(strip_blanks, values))
        if row := _event(stripped, users, products):
            yield row
            continue
        for column, value, message in _faults(stripped, users, products):
            observer.found(Problem(file.name, line, column, value, message))


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
        yield "user_id", user, "not found in users.csv or in the database"
    if product not in products:
        yield "product_id", product, "not found in products.csv or in the database"
    if action not in _ACTIONS:
        yield "action_type", action, f"must be {_ACTIONS_ALLOWED}"
    if moment(occurred) is None:
        yield "created_at", occurred, TIME_EXPECTED


def _no_faults(values: Mapping[str, Any]) -> Mapping[str, str]:
    return {}


def _checked(
    file: TextFile,
    columns: Sequence[Column],
    observer: ImportObserver,
    faults: Callable[[Mapping[str, Any]], Mapping[str, str]] = _no_faults,
) -> Iterator[Any]:
    """Yield the values by key of each record that passes every check and whose id is unique in the file.

    Optional columns that the file lacks are left out.
    faults: returns why values that are valid each do not fit together, by key
    """
    first_lines: dict[object, int] = {}
    required = [column for column in columns if not column.is_optional]
    optional = [column for column in columns if column.is_optional]
    found = records(
        file, [column.name for column in required], observer, optional=[column.name for column in optional]
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
                    raise ValidationError(f"already used in line {first}; each id must be unique")
                values[column.key] = value
            except ValidationError as error:
                is_good = False
                observer.found(_problem(file, line, column.name, cell, error.messages[0]))
        misfits = faults(values) if is_good else {}
        for key, message in misfits.items():
            observer.found(_problem(file, line, key, format_cell(values[key]), message))
        if is_good and not misfits:
            yield values


def _problem(file: TextFile, line: int, column: str, cell: str, message: str) -> Problem:
    message = message.rstrip(".")
    return Problem(file.name, line, column, strip_blanks(cell), message[:1].lower() + message[1:])
