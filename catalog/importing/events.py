"""Writes a shop's events in bulk, each under a key of its own, so that a repeated import adds nothing."""

from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b

from django.db import connection, transaction

from catalog.importing.bulk import in_chunks
from catalog.importing.columns import EARLIEST_YEAR
from catalog.importing.duplicates import DuplicateCounter
from catalog.importing.rows import EventRecord
from catalog.models import ActionType, Interaction
from catalog.services.events import IMPORTED

# How many events one transaction writes: about a second's work, and 40 MB of memory. Smaller ones write the
# pages of the indexes, which are in the order of users and of products, over and over again.
CHUNK = 50_000
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
    """Store the events that are not stored yet, one transaction a chunk, and return how many were new.

    users, products: the ids of the external ids in the rows
    shift: added to the moment of each; the event's key stays that of its row
    Memory holds one chunk. Queries: one a chunk.
    """
    tally = EventCounts()
    insert = _insert()
    # Neighbours happened at the same moment more often than not, and Django's own function takes 5 µs.
    adapted = lru_cache(maxsize=4096)(connection.ops.adapt_datetimefield_value)
    with closing(DuplicateCounter()) as seen:
        for chunk in in_chunks(rows, CHUNK):
            ordinals = seen.count(
                [
                    (
                        _microseconds(row.occurred_at),
                        users[row.user],
                        products[row.product],
                        _ACTIONS[row.action_type],
                    )
                    for row in chunk
                ]
            )
            values = [
                (
                    users[row.user],
                    products[row.product],
                    row.action_type,
                    adapted(row.occurred_at + shift),
                    adapted(now),
                    event_key(row, ordinal),
                )
                for row, ordinal in zip(chunk, ordinals, strict=True)
            ]
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.executemany(insert, values)
                n_new = cursor.rowcount
            tally.new += n_new
            tally.repeated += len(chunk) - n_new
    return tally


def event_key(row: EventRecord, ordinal: int) -> str:
    """Return the key of an event: the same for a row in whatever database, however its time is spelt.

    It begins with the second at which the event happened, so that an index of keys grows at its end as
    time goes by, instead of everywhere at once.
    """
    microseconds = _microseconds(row.occurred_at)
    named = f"{row.user}\x1f{row.product}\x1f{row.action_type}\x1f{microseconds}\x1f{ordinal}"
    digest = blake2b(named.encode(), digest_size=12).hexdigest()
    return f"{IMPORTED}{microseconds // 1_000_000:010x}{digest}"


@lru_cache(maxsize=4096)
def _microseconds(moment: datetime) -> int:
    return (moment - _START) // _MICROSECOND


def _insert() -> str:
    """Return the statement; `bulk_create` would make an object of each row and take three times as long."""
    quote = connection.ops.quote_name
    names = ("user_id", "product_id", "action_type", "occurred_at", "created_at", "event_key")
    columns = {field.attname: quote(field.column or "") for field in Interaction._meta.concrete_fields}
    return (
        f"INSERT INTO {quote(Interaction._meta.db_table)} "  # noqa: S608 names of our own, values apart
        f"({', '.join(columns[name] for name in names)}) VALUES ({', '.join(['%s'] * len(names))}) "
        f"ON CONFLICT ({columns['event_key']}) DO NOTHING"
    )
