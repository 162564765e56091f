"""Bulk import of events, each with a unique key, so that importing a file again adds nothing."""

from collections.abc import Iterable, Mapping
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
_ACTIONS = {action: code for code, action in enumerate(ActionType.values)}


@dataclass(slots=True)
class EventCounts:
    new: int = 0
    repeated: int = 0


def store_events(
    rows: Iterable[EventRecord],
    *,
    users: Mapping[str, int],
    products: Mapping[str, int],
    now: datetime,
    shift: timedelta = timedelta(0),
) -> EventCounts:
    """Store the events that are not yet stored and return the counts. One transaction per chunk.

    users, products: the ids by external id
    shift: added to the time of each event; its key still comes from the unshifted row
    Memory holds one chunk, on PostgreSQL two while one is sent. 5 queries per chunk; 1 on SQLite.
    """
    counts = EventCounts()
    # Neighbouring events often have the same time, and Django's function takes 5 µs.
    adapted = lru_cache(maxsize=4096)(connection.ops.adapt_datetimefield_value)
    stored_at = adapted(now)
    with closing(DuplicateCounter()) as seen:

        def values(chunk: list[EventRecord]) -> list[tuple[Any, ...]]:
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
            counts.new += n_new
            counts.repeated += n_rows - n_new
    return counts


def event_key(row: EventRecord, ordinal: int) -> str:
    """Return the key of an event. It does not depend on the database or on how the row writes its time.

    ordinal: 1 for the first of several identical events, 2 for the second, and so on
    The key begins with the second at which the event happened, so that new keys go to the end of the index.
    """
    microseconds = _microseconds(row.occurred_at)
    named = f"{row.user}\x1f{row.product}\x1f{row.action_type}\x1f{microseconds}\x1f{ordinal}"
    digest = blake2b(named.encode(), digest_size=12).hexdigest()
    return f"{IMPORTED}{microseconds // 1_000_000:010x}{digest}"


@lru_cache(maxsize=4096)
def _microseconds(moment: datetime) -> int:
    return (moment - _START) // _MICROSECOND
