"""Writes a shop's events in bulk, each under a key of its own, so that a repeated import adds nothing."""

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from django.db import connection, transaction

from catalog.models import ActionType, Interaction
from catalog.services.shop_catalogue import CHUNK, in_chunks
from catalog.services.shop_rows import EARLIEST_YEAR, EventRow

# Nobody else may give an event a key that begins like this.
IMPORT_PREFIX = "import:"
_START = datetime(EARLIEST_YEAR, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_ACTIONS = {action: code for code, action in enumerate(ActionType.values)}
_COLUMNS = ("user", "product", "action_type", "occurred_at", "created_at", "event_key")


@dataclass(slots=True)
class EventTally:
    new: int = 0
    repeated: int = 0


def store_events(
    rows: Iterable[EventRow], *, users: Mapping[str, int], products: Mapping[str, int], now: datetime
) -> EventTally:
    """Store the events that are not stored yet, one transaction a chunk, and return how many were new.

    users, products: the ids of the external ids in the rows
    Memory holds one chunk. Queries: one a chunk.
    """
    tally = EventTally()
    created_at = connection.ops.adapt_datetimefield_value(now)
    insert = _insert()
    with closing(Ordinals()) as ordinals:
        for chunk in in_chunks(rows, CHUNK):
            values = []
            for row in chunk:
                user_id, product_id = users[row.user], products[row.product]
                ordinal = ordinals.next(row, user_id, product_id)
                values.append(
                    (
                        user_id,
                        product_id,
                        row.action_type,
                        connection.ops.adapt_datetimefield_value(row.occurred_at),
                        created_at,
                        event_key(row, ordinal),
                    )
                )
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.executemany(insert, values)
                n_new = cursor.rowcount
            tally.new += n_new
            tally.repeated += len(chunk) - n_new
    return tally


def event_key(row: EventRow, ordinal: int) -> str:
    """Return the key of an event: the same for the same row in whatever database, however its time is spelt.

    It begins with the second at which the event happened, so that an index of keys grows at its end as
    time goes by, instead of everywhere at once.
    """
    microseconds = _microseconds(row.occurred_at)
    named = f"{row.user}\x1f{row.product}\x1f{row.action_type}\x1f{microseconds}\x1f{ordinal}"
    digest = blake2b(named.encode(), digest_size=12).hexdigest()
    return f"{IMPORT_PREFIX}{microseconds // 1_000_000:010x}{digest}"


class Ordinals:
    """Counts identical events of a file, near or far apart, on disk: memory stays as it is.

    The table lies in a nameless file that the system removes when it is closed.
    """

    def __init__(self) -> None:
        self._scratch = sqlite3.connect("", isolation_level=None)
        self._scratch.execute("PRAGMA journal_mode=OFF")
        self._scratch.execute(
            "CREATE TABLE seen (moment INTEGER, user INTEGER, product INTEGER, action INTEGER, n INTEGER,"
            " PRIMARY KEY (moment, user, product, action)) WITHOUT ROWID"
        )
        self._scratch.execute("BEGIN")

    def next(self, row: EventRow, user_id: int, product_id: int) -> int:
        """Return 1 for the first such event, 2 for the second, and so on."""
        found: tuple[int] = self._scratch.execute(
            "INSERT INTO seen VALUES (?, ?, ?, ?, 1) ON CONFLICT DO UPDATE SET n = n + 1 RETURNING n",
            (_microseconds(row.occurred_at), user_id, product_id, _ACTIONS[row.action_type]),
        ).fetchone()
        return found[0]

    def close(self) -> None:
        self._scratch.close()


def _microseconds(moment: datetime) -> int:
    return (moment - _START) // _MICROSECOND


def _insert() -> str:
    quote = connection.ops.quote_name
    names = [quote(Interaction._meta.get_field(field).column) for field in _COLUMNS]
    return (
        f"INSERT INTO {quote(Interaction._meta.db_table)} ({', '.join(names)})"  # noqa: S608 names of our own
        f" VALUES ({', '.join(['%s'] * len(names))}) ON CONFLICT ({names[-1]}) DO NOTHING"
    )
