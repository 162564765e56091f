"""Recording of events, all or none; a repeated event_id is stored once."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from catalog.errors import EventIdReused, InvalidEvents
from catalog.services.event_creation import create_unknown, unknown_rows
from catalog.services.event_insert import Stored, StoredEvent, Storing, store_events
from catalog.services.events import Error, Event, error_entry, read_event

MAX_EVENTS = 1000
_REUSED = "Another event has this id, in the database or before in this request. Give each its own."


@dataclass(frozen=True, slots=True)
class Recorded:
    """The stored rows in the order of the events, and how many of them are new."""

    rows: list[StoredEvent]
    n_new: int


def record_interactions(
    *,
    events: Sequence[object],
    now: datetime,
    before: Callable[[list[StoredEvent]], object] = list,
    creates: bool = False,
) -> Recorded:
    """Store the events and return their rows; for an event that is already stored, its existing row.

    events: 1 to 1,000, as the caller sent them
    now:    the time of events that have none
    before: called with the rows as they will be, but for their ids, before they are stored
    creates: whether users and products that do not exist are created (`create_unknown`); otherwise they are
             errors. If any is, the queries are twice those of `store_events`, and those of `create_unknown`
    Raises InvalidEvents with all errors if any event is invalid, and EventIdReused if any has the `event_id`
    of an event with other content. Stores all or none, with one statement; the queries are those of
    `store_events`. A statement commits by itself unless some of several events have an `event_id`.
    """
    if not 1 <= len(events) <= MAX_EVENTS:
        message = f"Contains {len(events)} events; send 1 to {MAX_EVENTS} at a time."
        raise InvalidEvents([{"field": None, "value": None, "message": message}])
    read, errors = [], []
    for index, sent in enumerate(events):
        event, found = read_event(sent, index=index, now=now)
        errors += found
        read.append(event)
    whole = [event for event in read if event]
    before([StoredEvent(0, 0, 0, e.action_type, e.occurred_at, e.event_id) for e in whole])
    # If an event is invalid, the rows that the others refer to are looked up to report all errors at once.
    storing = Storing.NOTHING if errors else Storing.ALL_OR_NONE
    may_be_undone = len(events) > 1 and any(event.event_id for event in whole)
    with transaction.atomic() if may_be_undone else nullcontext():
        stored = store_events(whole, now=now, storing=storing)
        unknown = unknown_rows(whole, stored) if creates and not errors else None
        if unknown and not unknown.has_numbers:
            with transaction.atomic():
                create_unknown(unknown)
                stored = store_events(whole, now=now, storing=storing)
                _raise_errors(read, stored, errors, creates=creates)
        _raise_errors(read, stored, errors, creates=creates)
    return Recorded([result.row for result in stored if result.row], sum(result.is_new for result in stored))


def _raise_errors(
    read: Sequence[Event | None], stored: Sequence[Stored], errors: Sequence[Error], *, creates: bool
) -> None:
    """Raise the errors of the events. creates: whether an unknown external id is none"""
    errors = [*errors, *unknown_references(read, stored, creates=creates)]
    if errors:
        raise InvalidEvents(sorted(errors, key=lambda error: int(str(error["index"]))))
    if reused := list(reused_ids(read, stored)):
        raise EventIdReused(reused)


def reused_ids(events: Iterable[Event | None], stored: Iterable[Stored]) -> Iterator[Error]:
    """Yield an error for each `event_id` of another event. stored: the results of events that are not None"""
    results = iter(stored)
    for index, event in enumerate(events):
        if event is not None and (result := next(results)).row is not None and not result.is_of(event):
            yield error_entry(index, "event_id", event.event_id, _REUSED)


def unknown_references(
    events: Iterable[Event | None], stored: Iterable[Stored], *, creates: bool = False
) -> Iterator[Error]:
    """Yield an error for each missing user and product.

    stored:  the results of events that are not None
    creates: whether rows with an external id are not missing, since they would have been created
    """
    results = iter(stored)
    for index, event in enumerate(events):
        if event is None:
            continue
        result = next(results)
        if result.user_id is None and not (creates and isinstance(event.user, str)):
            yield error_entry(index, "user_id", _named(event.user), "There is no such user.")
        if result.product_id is None and not (creates and isinstance(event.product, str)):
            yield error_entry(index, "product_id", _named(event.product), "There is no such product.")


def _named(key: int | str) -> int | str:
    return f"ext:{key}" if isinstance(key, str) else key
