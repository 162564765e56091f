"""Bulk recording of events: stores the valid ones and returns a result for each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from catalog.errors import InvalidEvents, TooManyEvents
from catalog.models import Interaction, Product, User
from catalog.services.events import Error, Event, error_entry, forget_references, read_event
from catalog.services.interaction_rows import InteractionRecord, insert
from catalog.services.interactions import ids_by_reference, unknown_references

MAX_ROWS = 10_000
STORED, REPEATED, REFUSED = 201, 200, 422
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


class _Faults(dict[int, list[Error]]):
    """The errors of each event by its index: the first 1,000, and a message that there are more."""

    n_described = 0

    def note(self, index: int, error: Error) -> None:
        if self.n_described < MAX_DESCRIBED:
            self.setdefault(index, []).append(error)
            self.n_described += 1
        elif index not in self:
            self[index] = [_MORE] if self.n_described == MAX_DESCRIBED else []
            self.n_described += 1


@transaction.atomic
def record_each(*, events: Sequence[object], now: datetime) -> list[Outcome]:
    """Store the valid events and return the outcome of each, in order.

    events: 1 to 10,000, as the caller sent them; a NotJson is refused
    now:    the time of events that have none
    Raises InvalidEvents for no events, TooManyEvents for too many. One transaction with two queries, one more
    per 1,000 new rows, and one more if any event is a repeat.
    """
    if len(events) > MAX_ROWS:
        raise TooManyEvents(len(events), MAX_ROWS)
    if not events:
        message = f"Contains no events; send 1 to {MAX_ROWS:,} at a time."
        raise InvalidEvents([{"field": None, "value": None, "message": message}])
    read, faults = _read(events, now)
    forget_references()
    whole = [event for event in read if event]
    users = ids_by_reference(User.objects.all(), {event.user for event in whole})
    products = ids_by_reference(Product.objects.all(), {event.product for event in whole})
    for error in unknown_references(read, users, products):
        faults.note(int(str(error["index"])), error)
    rows = {
        index: InteractionRecord(
            users[event.user],
            products[event.product],
            event.action_type,
            event.occurred_at,
            now,
            event.event_id,
        )
        for index, event in enumerate(read)
        if event and index not in faults
    }
    stored = dict(zip(rows, _stored(list(rows.values())), strict=True))
    return [
        Outcome(REFUSED, None, tuple(faults[index])) if index in faults else Outcome(*stored[index])
        for index in range(len(events))
    ]


def _stored(rows: list[InteractionRecord]) -> list[tuple[int, int | None]]:
    """Store the rows and return the status and id of each. Of rows with the same key, stores the first."""
    first: dict[str, int] = {}
    for place, row in enumerate(rows):
        if row.event_key is not None:
            first.setdefault(row.event_key, place)
    new = [place for place, row in enumerate(rows) if row.event_key is None or first[row.event_key] == place]
    ids = dict(zip(new, insert([rows[place] for place in new]), strict=True))
    taken = [key for key, place in first.items() if ids[place] is None]
    known = (
        dict(Interaction.objects.filter(event_key__in=taken).values_list("event_key", "id")) if taken else {}
    )
    return [
        (STORED, pk)
        if (pk := ids.get(place)) is not None
        else (REPEATED, ids[first[str(row.event_key)]] or known.get(row.event_key))
        for place, row in enumerate(rows)
    ]


def _read(events: Sequence[object], now: datetime) -> tuple[list[Event | None], _Faults]:
    """Return the events, None for each invalid one, and the errors."""
    read: list[Event | None] = []
    faults = _Faults()
    for index, sent in enumerate(events):
        if isinstance(sent, NotJson):
            event, found = None, [error_entry(index, None, None, sent.problem)]
        else:
            event, found = read_event(sent, index=index, now=now)
        for error in found:
            faults.note(index, error)
        read.append(event)
    return read, faults
