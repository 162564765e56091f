"""Validation of the records of a shop's files: yields typed rows and reports invalid records."""

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from django.core.exceptions import ValidationError

from catalog import cells
from catalog.cells import TIME_EXPECTED, format_cell, moment, strip_blanks
from catalog.columns import EVENT_ID, EVENTS, PRODUCTS, USERS, Column, ProductFields
from catalog.importing.csv_reader import records
from catalog.importing.report import ImportObserver, Problem
from catalog.importing.text_files import TextFile
from catalog.models import ActionType
from catalog.models.product import SALE, sale_faults
from catalog.services.events import InvalidValue, read_event_id

_ACTIONS = frozenset(ActionType.values)
_ACTIONS_ALLOWED = " or ".join([", ".join(ActionType.values[:-1]), ActionType.values[-1]])
_TOO_LATE = "must be at most one day from now; a later event would always be the newest one"


class Reader(Protocol):
    """Reads the records of a file, as `csv_reader.records` does."""

    def __call__(
        self,
        file: TextFile,
        columns: Sequence[str],
        observer: ImportObserver,
        *,
        optional: Sequence[str] = (),
        unreadable: Callable[[int, str | None], object] = ...,
    ) -> Iterator[tuple[int, tuple[Any, ...]]]: ...


class ProductRecord(ProductFields):
    """A product of a file: its external id and the values of the file's columns."""

    external_id: str


@dataclass(frozen=True, slots=True)
class UserRecord:
    """A user of a file. name: None if the file has none"""

    external_id: str
    name: str | None


class EventRecord(NamedTuple):
    """An event of a file.

    user, product: external ids
    line:          where it is, 0 for an event without an `event_id`
    """

    user: str
    product: str
    action_type: str
    occurred_at: datetime
    event_id: str | None = None
    line: int = 0


@dataclass(slots=True)
class Refused:
    """The rows of a file that were not yielded.

    lines:    their first lines, by external id
    is_whole: whether the ids of all of them are known
    """

    lines: dict[str, int] = field(default_factory=dict)
    is_whole: bool = True

    def add(self, line: int, key: str | None) -> None:
        """Add a record that cannot be read. key: the cell where its id should be"""
        self.is_whole = False
        with suppress(ValidationError):
            self.lines.setdefault(cells.external_id(key or ""), line)


@dataclass(frozen=True, slots=True)
class KnownIds:
    """The external ids that events may refer to.

    users, products:       of the other files, and of the database
    files:                 names of the other files, without those that do not exist
    refused_users,
    refused_products:      the lines of rows that were refused, by external id
    users_file,
    products_file:         where the refused rows are; empty if no file has such rows
    """

    users: Container[str]
    products: Container[str]
    files: tuple[str, ...] = ("users.csv", "products.csv")
    refused_users: Mapping[str, int] = field(default_factory=dict)
    refused_products: Mapping[str, int] = field(default_factory=dict)
    users_file: str = "users.csv"
    products_file: str = "products.csv"

    def user_fault(self, key: str) -> str | None:
        return self._fault(key, self.users, self.refused_users, self.users_file)

    def product_fault(self, key: str) -> str | None:
        return self._fault(key, self.products, self.refused_products, self.products_file)

    def _fault(self, key: str, known: Container[str], refused: Mapping[str, int], file: str) -> str | None:
        if key in known:
            return None
        if key in refused:
            return f"was refused: see {file}, line {refused[key]}"
        if not file:
            return "not found in the database; import it first, or add --create-missing"
        if file not in self.files:
            return f"not found in the database, and there is no {file}"
        return f"not found in {file} or in the database"


def product_rows(
    file: TextFile, observer: ImportObserver, refused: Refused | None = None, *, read: Reader = records
) -> Iterator[ProductRecord]:
    """Yield the valid rows of products.csv in order. Holds the ids seen in memory.

    Each row has a value for every known column of the file. A file with one column of sales has them all:
    those that it lacks are empty.
    """
    for values in _checked(file, PRODUCTS, observer, refused, read=read, faults=sale_faults):
        if any(name in values for name in SALE):
            values.update({name: None for name in SALE if name not in values})
        yield values


def user_rows(
    file: TextFile, observer: ImportObserver, refused: Refused | None = None, *, read: Reader = records
) -> Iterator[UserRecord]:
    """Yield the valid rows of users.csv in order. Holds the ids seen in memory."""
    for values in _checked(file, USERS, observer, refused, read=read):
        yield UserRecord(values["external_id"], values.get("name"))


def event_rows(
    file: TextFile, observer: ImportObserver, known: KnownIds, *, latest: datetime, read: Reader = records
) -> Iterator[EventRecord]:
    """Yield the valid rows of interactions.csv in order. Holds one row in memory.

    latest: the latest time that an event may have
    """
    for line, values in read(file, EVENTS, observer, optional=[EVENT_ID]):
        if row := _event(line, values, known, latest):
            yield row
            continue
        stripped = tuple(value if value is None else strip_blanks(value) for value in values)
        if row := _event(line, stripped, known, latest):
            yield row
            continue
        for column, value, message in _faults(stripped, known, latest):
            observer.found(Problem(file.name, line, column, value, message))


def _event(line: int, values: tuple[Any, ...], known: KnownIds, latest: datetime) -> EventRecord | None:
    user, product, action, occurred, event_id = values
    if (
        user in known.users
        and product in known.products
        and action in _ACTIONS
        and (at := moment(occurred))
        and at <= latest
    ):
        if not event_id or not (event_id := strip_blanks(event_id)):
            return EventRecord(user, product, action, at)
        if _event_id_fault(event_id) is None:
            return EventRecord(user, product, action, at, event_id, line)
    return None


def _faults(values: tuple[Any, ...], known: KnownIds, latest: datetime) -> Iterator[tuple[str, str, str]]:
    user, product, action, occurred, event_id = values
    if fault := known.user_fault(user):
        yield "user_id", user, fault
    if fault := known.product_fault(product):
        yield "product_id", product, fault
    if action not in _ACTIONS:
        yield "action_type", action, f"must be {_ACTIONS_ALLOWED}"
    at = moment(occurred)
    if at is None:
        yield "created_at", occurred, TIME_EXPECTED
    elif at > latest:
        yield "created_at", occurred, _TOO_LATE
    if event_id and (fault := _event_id_fault(event_id)):
        yield EVENT_ID, event_id, fault


def _event_id_fault(value: str) -> str | None:
    try:
        read_event_id(value)
    except InvalidValue as error:
        return _as_message(str(error))
    return None


def _no_faults(values: Mapping[str, Any]) -> Mapping[str, str]:
    return {}


def _checked(
    file: TextFile,
    columns: Sequence[Column],
    observer: ImportObserver,
    refused: Refused | None,
    *,
    read: Reader,
    faults: Callable[[Mapping[str, Any]], Mapping[str, str]] = _no_faults,
) -> Iterator[Any]:
    """Yield the values by key of each record that passes every check and whose id is unique in the file.

    Optional columns that the file lacks are left out.
    refused: gets the other records
    faults:  returns why values that are valid each do not fit together, by key
    """
    refused = Refused() if refused is None else refused
    first_lines: dict[object, int] = {}
    required = [column for column in columns if not column.is_optional]
    optional = [column for column in columns if column.is_optional]
    found = read(
        file,
        [column.name for column in required],
        observer,
        optional=[column.name for column in optional],
        unreadable=refused.add,
    )
    for line, row in found:
        values: dict[str, Any] = {}
        is_good = True
        for column, cell in zip([*required, *optional], row, strict=True):
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
        elif "external_id" in values:
            refused.lines[values["external_id"]] = line
        else:
            refused.is_whole &= row[0] is not None and strip_blanks(row[0]) in first_lines


def _problem(file: TextFile, line: int, column: str, cell: str, message: str) -> Problem:
    return Problem(file.name, line, column, strip_blanks(cell), _as_message(message))


def _as_message(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:].rstrip(".")
