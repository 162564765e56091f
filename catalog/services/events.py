"""Reads reported events: what a caller sent becomes a value, or a list of what is wrong with it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, TypeVar

from django.core.exceptions import ValidationError

from catalog.models import ActionType
from core.references import BadReference, parse_reference, read_reference
from core.text import MAX_LENGTH, validate_line

IMPORTED = "import:"  # how the importer's own event keys begin
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LEEWAY = timedelta(days=1)
_SHORT = 300  # characters of a reference that is remembered
_ACTIONS = tuple(ActionType.values)
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]{1,9})?)?"
    r"(?P<offset>[Zz]|[+-][0-9]{2}:?[0-9]{2})?"
)

Error = dict[str, object]
T = TypeVar("T")


class Wrong(ValueError):
    """A field's value cannot be used; the message says what would be right."""


@dataclass(frozen=True, slots=True)
class Event:
    """One reported event, well formed. user and product: a number, or a text for an external id."""

    user: int | str
    product: int | str
    action_type: str
    occurred_at: datetime
    event_id: str | None


def read_event(sent: object, *, index: int, now: datetime) -> tuple[Event | None, list[Error]]:
    """Return the event, or None and everything that is wrong with it. Makes no query."""
    if not isinstance(sent, Mapping):
        return None, [
            wrong(index, None, sent, "An event is an object with user_id, product_id, action_type.")
        ]
    errors = [
        wrong(index, name, sent[name], f"Unknown field; an event has {', '.join(_FIELDS)}.")
        for name in sent
        if name not in _FIELDS
    ]
    values: dict[str, Any] = {}
    for name, read in _FIELDS.items():
        try:
            values[name] = read(sent.get(name), now)
        except Wrong as error:
            errors.append(wrong(index, name, sent.get(name), str(error)))
    if errors:
        return None, errors
    return Event(values.pop("user_id"), values.pop("product_id"), **values), []


def wrong(index: int, field: str | None, value: object, message: str) -> Error:
    """Return one entry of a problem's `errors`."""
    return {"index": index, "field": field, "value": value, "message": message}


def _reference(value: object, now: datetime) -> int | str:
    if value is None:
        raise Wrong("Is missing.")
    try:
        return _short(value) if isinstance(value, str) and len(value) <= _SHORT else read_reference(value)
    except BadReference as error:
        raise Wrong(str(error)) from error


@lru_cache(8192)
def _short(text: str) -> int | str:
    """Return what the text names: many events name the same few. Raises BadReference."""
    return parse_reference(text)


def _action_type(value: object, now: datetime) -> str:
    if not isinstance(value, str) or value not in _ACTIONS:
        raise Wrong(f"Must be one of {', '.join(_ACTIONS)}.")
    return value


def _occurred_at(value: object, now: datetime) -> datetime:
    if value is None:
        return now
    form = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    if form is None:
        raise Wrong("Must be an ISO 8601 time with its offset, such as 2026-01-15T12:00:00Z.")
    if form["offset"] is None:
        raise Wrong("Has no offset, so it could be any hour; add Z for UTC, or one such as +01:00.")
    try:
        moment = datetime.fromisoformat(form[0].upper()).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Wrong(f"There is no such moment ({error}).") from error
    if not EARLIEST <= moment <= now + LEEWAY:
        raise Wrong(
            "Must lie between 1970 and a day from now; a later one would lead every history for good."
        )
    return moment


def _event_id(value: object, now: datetime) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip() or len(value) > MAX_LENGTH:
        raise Wrong(f"Must be a text of 1 to {MAX_LENGTH} characters.")
    try:
        validate_line(value)
    except ValidationError as error:
        raise Wrong(error.message) from error
    if value.startswith(IMPORTED):
        raise Wrong(f"Must not begin with {IMPORTED!r}, which is kept for imported events.")
    return value


_FIELDS: dict[str, Callable[[object, datetime], object]] = {
    "user_id": _reference,
    "product_id": _reference,
    "action_type": _action_type,
    "occurred_at": _occurred_at,
    "event_id": _event_id,
}
