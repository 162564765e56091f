"""Bulk import of events, each with a unique key, so that importing a file again adds nothing."""

from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b

from django.db import connection, transaction

from catalog.cells import EARLIEST_YEAR
from catalog.importing.bulk import in_chunks
from catalog.importing.duplicates import DuplicateCounter
from catalog.importing.rows import EventRecord
from catalog.models import ActionType, Interaction
from catalog.services.events import IMPORTED

# Events per transaction: about one second of work, and 40 MB of memory. Smaller transactions would write
# the same pages of the indexes by user and by product many times.
CHUNK = 50_000
_START = datetime(EARLIEST_YEAR, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_TYPES = ("bigint", "bigint", "text", "timestamptz", "timestamptz", "text")
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
    Memory holds one chunk. One query per chunk.
    """
    counts = EventCounts()
    insert = _insert_sql()
    # Neighbouring events often have the same time, and Django's function takes 5 µs.
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
                if connection.vendor == "postgresql":
                    # One statement, so that its trigger counts each user's history once.
                    cursor.execute(insert, [list(column) for column in zip(*values, strict=True)])
                else:
                    cursor.executemany(insert, values)
                n_new = cursor.rowcount
            counts.new += n_new
            counts.repeated += len(chunk) - n_new
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


def _insert_sql() -> str:
    """Return the INSERT statement: of one row, on PostgreSQL of columns.

    bulk_create() makes model instances and takes three times as long.
    """
    quote = connection.ops.quote_name
    names = ("user_id", "product_id", "action_type", "occurred_at", "created_at", "event_key")
    columns = {field.attname: quote(field.column or "") for field in Interaction._meta.concrete_fields}
    rows = f"VALUES ({', '.join(['%s'] * len(names))})"
    if connection.vendor == "postgresql":
        rows = f"SELECT * FROM unnest({', '.join(f'%s::{kind}[]' for kind in _TYPES)})"  # noqa: S608
    return (
        f"INSERT INTO {quote(Interaction._meta.db_table)} "
        f"({', '.join(columns[name] for name in names)}) {rows} "
        f"ON CONFLICT ({columns['event_key']}) DO NOTHING"
    )
