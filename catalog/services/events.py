"""Validation of events sent to the API: returns an Event, or a list of errors."""

import re
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, TypeVar

from django.core.exceptions import ValidationError

from catalog.models import ActionType
from core.references import BadReference, parse_reference, read_reference
from core.text import MAX_LENGTH, validate_line

IMPORTED = "import:"  # prefix of the importer's event keys
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LEEWAY = timedelta(days=1)
_MAX_CACHED_LENGTH = 64  # characters of a cached reference
_MAX_UNKNOWN = 10  # unknown fields of one event with an error each
_ACTIONS = tuple(ActionType.values)
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]{1,9})?)?"
    r"(?P<offset>[Zz]|[+-][0-9]{2}:?[0-9]{2})?"
)

Error = dict[str, object]
T = TypeVar("T")


class InvalidValue(ValueError):
    """The value of a field is invalid; the message says what is allowed."""


@dataclass(frozen=True, slots=True)
class Event:
    """A valid event.

    user, product: an id, or an external id as a string
    is_dated:      whether the caller sent `occurred_at`
    """

    user: int | str
    product: int | str
    action_type: str
    occurred_at: datetime
    event_id: str | None
    is_dated: bool = True


def read_event(sent: object, *, index: int, now: datetime) -> tuple[Event | None, list[Error]]:
    """Return the event and no errors, or None and all errors. No query."""
    if not isinstance(sent, Mapping):
        return None, [
            error_entry(index, None, sent, "Must be an object with user_id, product_id and action_type.")
        ]
    errors = [] if sent.keys() <= _FIELDS.keys() else _unknown_fields(sent, index, _FIELDS, _UNKNOWN)
    values: dict[str, Any] = {}
    for name, read in _FIELDS.items():
        try:
            values[name] = read(sent.get(name), now)
        except InvalidValue as error:
            errors.append(error_entry(index, name, sent.get(name), str(error)))
    if errors:
        return None, errors
    is_dated = sent.get("occurred_at") is not None
    return Event(values.pop("user_id"), values.pop("product_id"), **values, is_dated=is_dated), []


@dataclass(frozen=True, slots=True)
class Correction:
    """What is to change of an event; None stays as it is. product: an id, or an external id as a string"""

    product: int | str | None = None
    action_type: str | None = None
    occurred_at: datetime | None = None


def read_correction(sent: object, *, now: datetime) -> tuple[Correction | None, list[Error]]:
    """Return the correction and no errors, or None and all errors. No query."""
    if not isinstance(sent, Mapping):
        return None, [error_entry(None, None, sent, f"Must be an object. {_CORRECTABLE}")]
    errors = _unknown_fields(sent, None, _CORRECTED, _CORRECTABLE)
    values: dict[str, Any] = {}
    for name in [name for name in _CORRECTED if name in sent]:
        try:
            if sent[name] is None:
                raise InvalidValue("Must not be null; leave it out to keep what is stored.")
            values["product" if name == "product_id" else name] = _FIELDS[name](sent[name], now)
        except InvalidValue as error:
            errors.append(error_entry(None, name, sent[name], str(error)))
    return (None, errors) if errors else (Correction(**values), [])


def _unknown_fields(
    sent: Mapping[str, object], index: int | None, known: Container[str], message: str
) -> list[Error]:
    """Return an error for each of the first 10 unknown fields, and one with the number of the others."""
    unknown = [name for name in sent if name not in known]
    errors = [error_entry(index, name, sent[name], message) for name in unknown[:_MAX_UNKNOWN]]
    if (n_more := len(unknown) - _MAX_UNKNOWN) > 0:
        errors.append(error_entry(index, None, None, f"And {n_more} more unknown fields."))
    return errors


def forget_references() -> None:
    """Free the cached references. Those of a long list would keep the memory around them occupied."""
    _cached_reference.cache_clear()


def error_entry(index: int | None, field: str | None, value: object, message: str) -> Error:
    """Return one entry of an error response's `errors`. index: None if no list was sent"""
    error: Error = {"field": field, "value": value, "message": message}
    return error if index is None else {"index": index, **error}


def _reference(value: object, now: datetime) -> int | str:
    if value is None:
        raise InvalidValue("This field is required.")
    try:
        is_cached = isinstance(value, str) and len(value) <= _MAX_CACHED_LENGTH
        return _cached_reference(value) if is_cached else read_reference(value)
    except BadReference as error:
        raise InvalidValue(str(error)) from error


@lru_cache(8192)
def _cached_reference(text: str) -> int | str:
    """Return parse_reference(text), cached because many events refer to the same rows."""
    return parse_reference(text)


def _action_type(value: object, now: datetime) -> str:
    if not isinstance(value, str) or value not in _ACTIONS:
        raise InvalidValue(f"Must be one of {', '.join(_ACTIONS)}.")
    return value


def _occurred_at(value: object, now: datetime) -> datetime:
    if value is None:
        return now
    form = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    if form is None:
        raise InvalidValue("Must be an ISO 8601 time with a UTC offset, such as 2026-01-15T12:00:00Z.")
    if form["offset"] is None:
        raise InvalidValue("Must have a UTC offset; add Z for UTC, or an offset such as +01:00.")
    try:
        moment = datetime.fromisoformat(form[0].upper()).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidValue(f"Not a valid time ({error}).") from error
    if not EARLIEST <= moment <= now + LEEWAY:
        raise InvalidValue(
            "Must be between 1970 and one day from now; a later event would always be the newest one."
        )
    return moment


def read_event_id(value: object, now: datetime | None = None) -> str | None:
    """Return the id of an event, or None. Raises InvalidValue."""
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip() or len(value) > MAX_LENGTH:
        raise InvalidValue(f"Must be a string of 1 to {MAX_LENGTH} characters.")
    try:
        validate_line(value)
    except ValidationError as error:
        raise InvalidValue(error.message) from error
    if value.startswith(IMPORTED):
        raise InvalidValue(f"Must not begin with {IMPORTED!r}, which is reserved for imported events.")
    return value


_FIELDS: dict[str, Callable[[object, datetime], object]] = {
    "user_id": _reference,
    "product_id": _reference,
    "action_type": _action_type,
    "occurred_at": _occurred_at,
    "event_id": read_event_id,
}
_UNKNOWN = f"Unknown field. Allowed: {', '.join(_FIELDS)}."
_CORRECTED = ("product_id", "action_type", "occurred_at")
_CORRECTABLE = f"Only {', '.join(_CORRECTED[:-1])} and {_CORRECTED[-1]} can be changed."
