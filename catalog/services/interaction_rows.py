"""Insertion of events, each key once, with one statement per thousand rows."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import chain
from typing import NamedTuple

from django.db import connection

from catalog.models import Interaction

ROWS_PER_STATEMENT = 1000


class InteractionRecord(NamedTuple):
    """An event to store; the names are those of Interaction's columns."""

    user_id: int
    product_id: int
    action_type: str
    occurred_at: datetime
    created_at: datetime
    event_key: str | None


def insert(rows: Sequence[InteractionRecord]) -> list[int | None]:
    """Insert the rows and return their ids, None for each whose key exists in the table.

    rows: with distinct keys
    One query per 1,000 rows; it is atomic, so concurrent requests do not insert a key twice.
    """
    return list(
        chain.from_iterable(
            _inserted(rows[start : start + ROWS_PER_STATEMENT])
            for start in range(0, len(rows), ROWS_PER_STATEMENT)
        )
    )


def _inserted(rows: Sequence[InteractionRecord]) -> Iterator[int | None]:
    """Insert the rows with one statement and yield their ids, None for an existing key.

    Django's bulk_create() would use several statements on SQLite and could not tell which rows are new.
    With ignore_conflicts it would also ignore other violated constraints.
    """
    quote, moment = connection.ops.quote_name, connection.ops.adapt_datetimefield_value
    meta = Interaction._meta
    columns = ", ".join(quote(name) for name in InteractionRecord._fields)
    places = f"({', '.join(['%s'] * len(InteractionRecord._fields))})"
    stored_at = {row.created_at: moment(row.created_at) for row in rows}
    values = [
        value
        for user, product, action, occurred_at, created_at, key in rows
        for value in (user, product, action, moment(occurred_at), stored_at[created_at], key)
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {quote(meta.db_table)} ({columns}) "  # noqa: S608 - only column names, no values
            f"VALUES {', '.join([places] * len(rows))} "
            f"ON CONFLICT ({quote('event_key')}) DO NOTHING RETURNING {quote('id')}, {quote('event_key')}",
            values,
        )
        inserted = cursor.fetchall()
    ids = {key: pk for pk, key in inserted if key is not None}
    unkeyed = iter([pk for pk, key in inserted if key is None])
    for row in rows:
        yield next(unkeyed) if row.event_key is None else ids.get(row.event_key)
