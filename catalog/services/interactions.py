"""Recording of events, all or none; a repeated event_id is stored once."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from catalog.errors import InvalidEvents
from catalog.services.event_insert import Stored, StoredEvent, Storing, store_events
from catalog.services.events import Error, Event, error_entry, read_event

MAX_EVENTS = 1000


@dataclass(frozen=True, slots=True)
class Recorded:
    """The stored rows in the order of the events, and how many of them are new."""

    rows: list[StoredEvent]
    n_new: int


def record_interactions(
    *, events: Sequence[object], now: datetime, before: Callable[[list[StoredEvent]], object] = list
) -> Recorded:
    """Store the events and return their rows; for an `event_id` that is already stored, its existing row.

    events: 1 to 1,000, as the caller sent them
    now:    the time of events that have none
    before: called with the rows as they will be, but for their ids, before they are stored
    Raises InvalidEvents with all errors if any event is invalid. Stores all or none, with one statement that
    commits by itself; the queries are those of `store_events`.
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
    stored = store_events(whole, now=now, storing=Storing.NOTHING if errors else Storing.ALL_OR_NONE)
    errors += unknown_references(read, stored)
    if errors:
        raise InvalidEvents(sorted(errors, key=lambda error: int(str(error["index"]))))
    return Recorded([result.row for result in stored if result.row], sum(result.is_new for result in stored))


def unknown_references(events: Iterable[Event | None], stored: Iterable[Stored]) -> Iterator[Error]:
    """Yield an error for each missing user and product. stored: the results of events that are not None"""
    results = iter(stored)
    for index, event in enumerate(events):
        if event is None:
            continue
        result = next(results)
        if result.user_id is None:
            yield error_entry(index, "user_id", _named(event.user), "There is no such user.")
        if result.product_id is None:
            yield error_entry(index, "product_id", _named(event.product), "There is no such product.")


def _named(key: int | str) -> int | str:
    return f"ext:{key}" if isinstance(key, str) else key
