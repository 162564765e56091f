"""Bulk import of events, each with a unique key, so that importing a file again adds nothing."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from django.db import connection

from catalog.cells import EARLIEST_YEAR
from catalog.importing.bulk import in_chunks
from catalog.importing.duplicates import DuplicateCounter
from catalog.importing.report import ImportObserver, Problem
from catalog.importing.rows import EventRecord
from catalog.models import ActionType, Interaction
from catalog.services.events import IMPORTED
from core.db.staging import insert_chunks

# Events per transaction: about one second of work, and 40 MB of memory. Smaller transactions would write
# the same pages of the indexes by user and by product many times.
CHUNK = 50_000
_COLUMNS = ("user_id", "product_id", "action_type", "occurred_at", "created_at", "event_key")
_START = datetime(EARLIEST_YEAR, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# The times of an event that came live and of its export: fractions of seconds get lost, and a live event that
# names no time gets that of its arrival.
SAME_TIME = timedelta(minutes=1)
_KEYS_PER_QUERY = 5_000
_ACTIONS = {action: code for code, action in enumerate(ActionType.values)}


@dataclass(slots=True)
class EventCounts:
    """Numbers of events that were stored, and of those that were there before."""

    new: int = 0
    repeated: int = 0


def report_reuse(observer: ImportObserver, file: str) -> Callable[[EventRecord], object]:
    """Return a function that reports a row whose `event_id` another event has."""

    def report(row: EventRecord) -> None:
        message = "another event has this id, in the database or before in this file; give each its own"
        observer.found(Problem(file, row.line, "event_id", row.event_id, message))

    return report


def store_events(
    rows: Iterable[EventRecord],
    *,
    users: Mapping[str, int],
    products: Mapping[str, int],
    now: datetime,
    shift: timedelta = timedelta(0),
    reused: Callable[[EventRecord], object] = lambda row: None,
) -> EventCounts:
    """Store the events that are not yet stored and return the counts. One transaction per chunk.

    users, products: the ids by external id
    shift:  added to the time of each event; its key still comes from the unshifted row
    reused: called with each row whose `event_id` another event has
    Memory holds one chunk, on PostgreSQL two while one is sent. 5 queries per chunk; 1 on SQLite. 1 more for
    each 5,000 events of a chunk with an `event_id`, if some of them are stored already.
    """
    counts = EventCounts()
    # Neighbouring events often have the same time, and Django's function takes 5 µs.
    adapted = lru_cache(maxsize=4096)(connection.ops.adapt_datetimefield_value)
    stored_at = adapted(now)
    named: deque[list[EventRecord]] = deque()  # the events with an `event_id` of the chunks that were read
    with closing(DuplicateCounter()) as seen:

        def values(chunk: list[EventRecord]) -> list[tuple[Any, ...]]:
            named.append([row for row in chunk if row.event_id])
            identities = [
                (
                    _microseconds(row.occurred_at),
                    users[row.user],
                    products[row.product],
                    _ACTIONS[row.action_type],
                )
                for row in chunk
            ]
            return [
                (
                    user,
                    product,
                    row.action_type,
                    adapted(row.occurred_at + shift),
                    stored_at,
                    event_key(row, ordinal),
                )
                for row, ordinal, (_, user, product, _) in zip(
                    chunk, seen.count(identities), identities, strict=True
                )
            ]

        chunks = map(values, in_chunks(rows, CHUNK))
        for n_rows, n_new in insert_chunks(Interaction, _COLUMNS, chunks, unique="event_key"):
            rows_with_ids = named.popleft()
            n_reused = 0
            if rows_with_ids and n_new < n_rows:
                for row in _reused(rows_with_ids, users, products, shift):
                    reused(row)
                    n_reused += 1
            counts.new += n_new
            counts.repeated += n_rows - n_new - n_reused
    return counts


def _reused(
    rows: list[EventRecord], users: Mapping[str, int], products: Mapping[str, int], shift: timedelta
) -> list[EventRecord]:
    """Return the rows whose `event_id` is that of a stored event with another content."""
    found = []
    for start in range(0, len(rows), _KEYS_PER_QUERY):
        some = rows[start : start + _KEYS_PER_QUERY]
        stored = Interaction.objects.filter(event_key__in=[row.event_id for row in some])
        fields = ("event_key", "user_id", "product_id", "action_type", "occurred_at")
        by_key = {key: content for key, *content in stored.values_list(*fields)}
        for row in some:
            if row.event_id not in by_key:
                continue  # it was deleted meanwhile
            user, product, action, occurred_at = by_key[row.event_id]
            is_same = (user, product, action) == (users[row.user], products[row.product], row.action_type)
            if not is_same or abs(occurred_at - row.occurred_at - shift) > SAME_TIME:
                found.append(row)
    return found


def event_key(row: EventRecord, ordinal: int) -> str:
    """Return the key of an event: its `event_id`, or one made of its content.

    It does not depend on the database or on how the row writes its time.
    ordinal: 1 for the first of several identical events, 2 for the second, and so on
    The key begins with the second at which the event happened, so that new keys go to the end of the index.
    """
    if row.event_id:
        return row.event_id
    microseconds = _microseconds(row.occurred_at)
    named = f"{row.user}\x1f{row.product}\x1f{row.action_type}\x1f{microseconds}\x1f{ordinal}"
    digest = blake2b(named.encode(), digest_size=12).hexdigest()
    return f"{IMPORTED}{microseconds // 1_000_000:010x}{digest}"


@lru_cache(maxsize=4096)
def _microseconds(moment: datetime) -> int:
    return (moment - _START) // _MICROSECOND
