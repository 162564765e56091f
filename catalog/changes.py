"""The change feed: which products have changed since a process read it the last time.

On PostgreSQL, ids are not in the order of commits: a transaction that drew a lower one may commit later. Each
row therefore names its transaction, and a position in the feed is the snapshot of the statement that read it:
the next reading returns exactly the rows of the transactions that this snapshot did not see. SQLite's writers
wait for each other, so there the highest id is enough.
"""

from dataclasses import dataclass
from typing import Any

import orjson
from django.db import connection

from catalog.models import ProductChange
from core.db.prepared import fetch

# Above this number of changes at once, all products are read anew.
MOST_CHANGES = 1000
_TABLE = ProductChange._meta.db_table
_LAST_XID = 2**64 - 1


@dataclass(frozen=True, slots=True)
class FeedPosition:
    """How far the feed was read.

    last_id: the highest id then, 0 in an empty feed
    xmax:    no transaction from this one on was seen; running: older ones that were not seen either. As in
             PostgreSQL's pg_snapshot; 0 and empty on SQLite
    """

    last_id: int = 0
    xmax: int = 0
    running: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Changes:
    """What has changed since a position in the feed.

    position:    the position now
    change_ids:  ids of the rows that were found
    product_ids: the products; None if any product may differ
    """

    position: FeedPosition
    change_ids: frozenset[int]
    product_ids: frozenset[int] | None


_SQLITE = f"""
(SELECT MAX(id) FROM {_TABLE}), '', (SELECT 1 FROM {_TABLE} WHERE id = %s),
(SELECT json_group_array(json_array(id, product_id)) FROM
  (SELECT id, product_id FROM {_TABLE} WHERE id > %s LIMIT {MOST_CHANGES + 1}))
"""  # noqa: S608  only the name of a table
_POSTGRESQL = f"""
(SELECT MAX(id) FROM {_TABLE}), pg_current_snapshot()::text, (SELECT 1 FROM {_TABLE} WHERE id = %s),
(SELECT json_agg(json_build_array(id, product_id))::text FROM
  (SELECT id, product_id FROM {_TABLE}
   WHERE transaction_id >= %s::xid8 OR transaction_id = ANY(%s::xid8[])
     OR transaction_id = pg_current_xact_id_if_assigned()
   LIMIT {MOST_CHANGES + 1}) AS found)
"""  # noqa: S608  only the name of a table
N_COLUMNS = 4


def columns_sql(vendor: str) -> str:
    """Return the SQL of the columns that `changes_of` reads, for a SELECT of any one row."""
    return _POSTGRESQL if vendor == "postgresql" else _SQLITE


def parameters(vendor: str, since: FeedPosition | None) -> list[Any]:
    """Return the parameters of `columns_sql`. since: None to find the position only"""
    if vendor != "postgresql":
        return [0, 2**62] if since is None else [since.last_id, since.last_id]
    if since is None:
        return [0, str(_LAST_XID), []]
    return [since.last_id, str(since.xmax), [str(xid) for xid in since.running]]


def changes_of(row: tuple[Any, ...], since: FeedPosition | None) -> Changes:
    """Return the changes from the columns of `columns_sql`."""
    last_id, seen, is_kept, found = row
    position = _position(last_id or 0, seen)
    rows = orjson.loads(found) if found else []
    # The row that was the last one is gone: the feed was pruned, or the database is another one.
    is_lost = since is not None and since.last_id > 0 and not is_kept
    products = frozenset([product for _, product in rows])
    is_any = is_lost or len(rows) > MOST_CHANGES or None in products
    return Changes(position, frozenset([key for key, _ in rows]), None if is_any else products)


def read_changes(since: FeedPosition | None) -> Changes:
    """Return what has changed since the position; None for nothing but the position. 1 query."""
    (row,) = fetch(f"SELECT {columns_sql(connection.vendor)}", parameters(connection.vendor, since))
    return changes_of(row, since)


def _position(last_id: int, seen: str) -> FeedPosition:
    if not seen:
        return FeedPosition(last_id)
    _, xmax, running = seen.split(":")
    return FeedPosition(last_id, int(xmax), tuple(map(int, filter(None, running.split(",")))))
