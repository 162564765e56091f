"""Bulk recording of events: stores the valid ones and returns a result for each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from catalog.errors import InvalidEvents, TooManyEvents
from catalog.models import Interaction
from catalog.services.event_creation import create_unknown, unknown_rows
from catalog.services.event_insert import Stored, Storing, store_events
from catalog.services.events import Error, Event, error_entry, forget_references, read_event
from catalog.services.interactions import reused_ids, unknown_references

MAX_ROWS = 10_000
STORED, REPEATED, REUSED, REFUSED = 201, 200, 409, 422
MAX_DESCRIBED = 1_000  # errors of one request
_MORE = error_entry(
    0, None, None, f"The first {MAX_DESCRIBED:,} errors are described, and none from here on."
)


@dataclass(frozen=True, slots=True)
class NotJson:
    """A line that is not valid JSON. problem: the error message"""

    problem: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result for one event. id: of its row, or None if it was refused"""

    status: int
    id: int | None
    errors: tuple[Error, ...] = ()


class Faults(dict[int, list[Error]]):
    """The errors of each event by its index: the first 1,000, and a message that there are more."""

    n_described = 0

    def note(self, index: int, error: Error) -> None:
        if self.n_described < MAX_DESCRIBED:
            self.setdefault(index, []).append(error)
            self.n_described += 1
        elif index not in self:
            self[index] = [_MORE] if self.n_described == MAX_DESCRIBED else []
            self.n_described += 1


@transaction.atomic(savepoint=False)  # nothing is written before, so the whole transaction may fail
def record_each(*, events: Sequence[object], now: datetime, creates: bool = False) -> list[Outcome]:
    """Store the valid events and return the outcome of each, in order.

    events: 1 to 10,000, as the caller sent them; a NotJson is refused
    now:    the time of events that have none
    creates: whether users and products that do not exist are created (`create_unknown`), for as many queries
             more and those of looking up what exists
    Raises InvalidEvents for no events, TooManyEvents for too many. One transaction; the queries are those of
    `store_events`.
    """
    if len(events) > MAX_ROWS:
        raise TooManyEvents(len(events), MAX_ROWS)
    if not events:
        message = f"Contains no events; send 1 to {MAX_ROWS:,} at a time."
        raise InvalidEvents([{"field": None, "value": None, "message": message}])
    read, faults = _read(events, now)
    forget_references()
    whole = [event for event in read if event]
    if creates and whole:
        # Before any is stored, so that of events with one id the first counts.
        _create_for(whole, now)
    stored = store_events(whole, now=now, storing=Storing.THE_KNOWN)
    for error in unknown_references(read, stored):
        faults.note(int(str(error["index"])), error)
    for error in reused_ids(read, stored):
        faults.note(int(str(error["index"])), error)
    results = iter(stored)
    return [
        _outcome(event, next(results) if event else None, faults.get(index))
        for index, event in enumerate(read)
    ]


def _create_for(events: Sequence[Event], now: datetime) -> None:
    """Create what the events name, except for events that are refused for another reason.

    These name another number that does not exist, or have the `event_id` of another event. 1 query more for
    the latter.
    """
    stored = store_events(events, now=now, storing=Storing.NOTHING)
    keys = [event.event_id for event, one in zip(events, stored, strict=True) if not one.is_known]
    known = Interaction.objects.filter(event_key__in=[key for key in keys if key])
    used = set(known.values_list("event_key", flat=True))
    found = []
    for event, one in zip(events, stored, strict=True):
        lacks_number = (one.user_id is None and isinstance(event.user, int)) or (
            one.product_id is None and isinstance(event.product, int)
        )
        if not lacks_number and (event.event_id is None or event.event_id not in used):
            found.append((event, one))
            used.add(event.event_id)
    create_unknown(unknown_rows([event for event, _ in found], [one for _, one in found]))


def _outcome(event: Event | None, result: Stored | None, faults: list[Error] | None) -> Outcome:
    if event is None or result is None or result.row is None:
        return Outcome(REFUSED, None, tuple(faults or ()))
    if not result.is_of(event):
        return Outcome(REUSED, None, tuple(faults or ()))
    return Outcome(STORED if result.is_new else REPEATED, result.row.id)


def _read(events: Sequence[object], now: datetime) -> tuple[list[Event | None], Faults]:
    """Return the events, None for each invalid one, and the errors."""
    read: list[Event | None] = []
    faults = Faults()
    for index, sent in enumerate(events):
        if isinstance(sent, NotJson):
            event, found = None, [error_entry(index, None, None, sent.problem)]
        else:
            event, found = read_event(sent, index=index, now=now)
        for error in found:
            faults.note(index, error)
        read.append(event)
    return read, faults
