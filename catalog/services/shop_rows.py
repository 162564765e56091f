"""Checks the records of a shop's files and yields them as values; a record with a bad value is reported."""

import re
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError

from catalog.models import ActionType
from catalog.services.shop_files import records
from catalog.services.shop_report import Problem, Watcher
from catalog.text import MAX_LENGTH, validate_external_id, validate_line, validate_text

EARLIEST_YEAR, LATEST_YEAR = 1900, 9998
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,6})?", re.ASCII)
_NOT_FINITE = re.compile(r"[+-]?(?:s?nan|inf|infinity)\d*", re.ASCII | re.IGNORECASE)
_ACTIONS = frozenset(ActionType.values)
_HIGHEST_PRICE, _CENT = Decimal("9999999999.99"), Decimal("0.01")
EVENT_COLUMNS = ("user_id", "product_id", "action_type", "created_at")
_TIME_WANTED = (
    "must be a time such as 2026-03-01T09:00:00Z (ISO 8601; without an offset it is UTC), "
    f"from {EARLIEST_YEAR} to {LATEST_YEAR}"
)
# Every blank of Unicode that is no control character, and tabs and line ends.
_BLANKS = " \t\r\n\u00a0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))


@dataclass(frozen=True, slots=True)
class ProductRow:
    external_id: str
    name: str
    category: str
    price: Decimal
    description: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UserRow:
    external_id: str
    name: str


class EventRow(NamedTuple):
    """One event, by the shop's own keys."""

    user: str
    product: str
    action_type: str
    occurred_at: datetime


def product_rows(path: Path, watcher: Watcher) -> Iterator[ProductRow]:
    """Yield the good rows of products.csv in order; memory holds the ids seen."""
    checks = {
        "id": external_id,
        "name": name,
        "category": category,
        "price": price,
        "description": description,
        "tags": tags,
    }
    for values in _checked(path, checks, watcher):
        yield ProductRow(*values)


def user_rows(path: Path, watcher: Watcher, *, staff: Container[str] = ()) -> Iterator[UserRow]:
    """Yield the good rows of users.csv in order; memory holds the ids seen.

    staff: external ids of accounts that may log in, which an import never touches
    """

    def shopper_id(value: str) -> str:
        if (found := external_id(value)) in staff:
            raise ValidationError("belongs to a staff account, which an import does not change")
        return found

    for values in _checked(path, {"id": shopper_id, "name": name}, watcher):
        yield UserRow(*values)


def event_rows(
    path: Path, watcher: Watcher, *, users: Container[str], products: Container[str]
) -> Iterator[EventRow]:
    """Yield the good rows of interactions.csv in order; memory holds one row.

    users, products: the external ids that the other two files or the database know
    """
    for line, values in records(path, EVENT_COLUMNS, watcher):
        if row := _event(values, users, products):
            yield row
            continue
        trimmed = tuple(map(_trimmed, values))
        if row := _event(trimmed, users, products):
            yield row
            continue
        for column, value, message in _faults(trimmed, users, products):
            watcher.found(Problem(path.name, line, column, value, message))


def _event(values: tuple[str, ...], users: Container[str], products: Container[str]) -> EventRow | None:
    user, product, action, moment = values
    if user in users and product in products and action in _ACTIONS and (at := _moment(moment)):
        return EventRow(user, product, action, at)
    return None


def _faults(
    values: tuple[str, ...], users: Container[str], products: Container[str]
) -> Iterator[tuple[str, str, str]]:
    user, product, action, moment = values
    if user not in users:
        yield "user_id", user, "is neither in users.csv nor in the database"
    if product not in products:
        yield "product_id", product, "is neither in products.csv nor in the database"
    if action not in _ACTIONS:
        yield "action_type", action, "must be view, click or purchase"
    if _moment(moment) is None:
        yield "created_at", moment, _TIME_WANTED


def _checked(path: Path, checks: dict[str, Callable[[str], Any]], watcher: Watcher) -> Iterator[list[Any]]:
    """Yield the values of each record that passes every check and whose id (the first) is new."""
    first_lines: dict[str, int] = {}
    for line, cells in records(path, tuple(checks), watcher):
        values: list[Any] = []
        for (column, check), cell in zip(checks.items(), cells, strict=True):
            try:
                value = check(cell)
                if column == "id" and (first := first_lines.setdefault(value, line)) != line:
                    raise ValidationError(f"stands in line {first} already; each id may stand once")
                values.append(value)
            except ValidationError as error:
                message = error.messages[0]
                message = message[:1].lower() + message[1:].rstrip(".")
                watcher.found(Problem(path.name, line, column, _trimmed(cell), message))
        if len(values) == len(checks):
            yield values


def external_id(value: str) -> str:
    value = _line(value)
    validate_external_id(value)
    return value


def name(value: str) -> str:
    if not (value := _line(value)):
        raise ValidationError("must not be empty")
    return value


def category(value: str) -> str:
    return _line(value)


def description(value: str) -> str:
    value = _trimmed(value)
    validate_text(value)
    return value


def tags(value: str) -> tuple[str, ...]:
    """Return the names between the bars, each once, in the order of the file."""
    return tuple(dict.fromkeys(tag for part in value.split("|") if (tag := _line(part))))


def price(value: str) -> Decimal:
    value = _trimmed(value)
    if _NOT_FINITE.fullmatch(value):
        raise ValidationError("must be a finite number")
    if not _NUMBER.fullmatch(value):
        raise ValidationError("must be a number such as 1234.50, with a point and no thousands separator")
    amount = Decimal(value)
    if amount < 0:
        raise ValidationError("must be zero or more")
    if amount > _HIGHEST_PRICE:
        raise ValidationError(f"must be at most {_HIGHEST_PRICE}")
    exponent = amount.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -2:
        raise ValidationError("must have at most two decimals")
    return abs(amount).quantize(_CENT)


@lru_cache(maxsize=4096)
def _moment(value: str) -> datetime | None:
    """Return the moment in UTC, None when the text names none that every database can store."""
    try:
        moment = datetime.fromisoformat(value)
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return moment if EARLIEST_YEAR <= moment.year <= LATEST_YEAR else None


def _line(value: str) -> str:
    """Return a one-line text of at most 255 characters without the blanks around it."""
    value = _trimmed(value)
    validate_line(value)
    if len(value) > MAX_LENGTH:
        raise ValidationError(f"has {len(value)} characters; at most {MAX_LENGTH} are allowed")
    return value


def _trimmed(value: str) -> str:
    return value.strip(_BLANKS)
