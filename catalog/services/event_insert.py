"""Storing of events: one statement finds their users and products, and stores each `event_id` once."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum, auto
from typing import NamedTuple

import orjson
from django.db import connection

from catalog.merged_users import former_users
from catalog.models import Interaction, Product, User
from catalog.services.events import Event
from core.db.prepared import fetch, write

# ruff: noqa: S608  the SQL holds names of tables and columns, no values

_TABLES = {
    "interaction": Interaction._meta.db_table,
    "user": User._meta.db_table,
    "product": Product._meta.db_table,
}
# Each event's own user and product, by id or by external id. Scalar subqueries always use the two indexes,
# while the plan of a join would depend on how many events the planner expects.
_RESOLVED = """
    SELECT place, action_type, occurred_at, event_key,
        CASE WHEN user_key IS NULL THEN (SELECT id FROM {user} WHERE id = user_pk)
            ELSE (SELECT id FROM {user} WHERE external_id = user_key) END AS user_id,
        CASE WHEN product_key IS NULL THEN (SELECT id FROM {product} WHERE id = product_pk)
            ELSE (SELECT id FROM {product} WHERE external_id = product_key) END AS product_id
    FROM sent
"""
# Rows are inserted in the order of the events, so the ids of those without a key ascend in that order.
_INTO = "INSERT INTO {interaction} (user_id, product_id, action_type, occurred_at, created_at, event_key)"
_NEW = """
    SELECT user_id, product_id, action_type, occurred_at, {created_at}, event_key FROM resolved
    WHERE user_id IS NOT NULL AND product_id IS NOT NULL {condition}
    ORDER BY place
    ON CONFLICT (event_key) DO NOTHING
    RETURNING id, event_key
"""
_STORED = (
    "stored.id, stored.user_id, stored.product_id, stored.action_type, stored.occurred_at, stored.event_key"
)

# One parameter holds all events, so that one plan serves any number of them. A row of the result is an event:
# its place, user and product, the id of its new row, and the row that has its key already; or only the id of
# a new row without a key.
_POSTGRESQL = f"""
    WITH sent AS (
        SELECT * FROM json_to_recordset(%s::json) AS sent (
            place integer, user_pk bigint, user_key text, product_pk bigint, product_key text,
            action_type text, occurred_at timestamptz, event_key text
        )
    ), resolved AS MATERIALIZED ({_RESOLVED}), inserted AS ({_INTO} {_NEW})
    SELECT place, resolved.user_id, resolved.product_id, inserted.id, {_STORED}
    FROM resolved FULL JOIN inserted USING (event_key)
    LEFT JOIN LATERAL (
        SELECT * FROM {{interaction}} AS known
        WHERE known.event_key = resolved.event_key AND inserted.id IS NULL
    ) AS stored ON TRUE
"""
_SQLITE_RESOLVED = f"""
    WITH sent AS (
        SELECT json_extract(value, '$.place') AS place,
            json_extract(value, '$.user_pk') AS user_pk, json_extract(value, '$.user_key') AS user_key,
            json_extract(value, '$.product_pk') AS product_pk,
            json_extract(value, '$.product_key') AS product_key,
            json_extract(value, '$.action_type') AS action_type,
            json_extract(value, '$.occurred_at') AS occurred_at,
            json_extract(value, '$.event_key') AS event_key
        FROM json_each(%s)
    ), resolved AS MATERIALIZED ({_RESOLVED})
"""
_SQLITE = f"{_INTO} {_SQLITE_RESOLVED} {_NEW}, user_id, product_id"
_LOOKUP = f"""
    {_SQLITE_RESOLVED}
    SELECT place, resolved.user_id, resolved.product_id, {_STORED}
    FROM resolved LEFT JOIN {{interaction}} AS stored ON stored.event_key = resolved.event_key
"""


class Storing(Enum):
    """Which events are stored."""

    ALL_OR_NONE = auto()  # none if any user or product does not exist
    THE_KNOWN = auto()  # those whose user and product exist
    NOTHING = auto()  # users, products and existing rows are only looked up


_CONDITIONS = {
    Storing.ALL_OR_NONE: (
        "AND NOT EXISTS (SELECT 1 FROM resolved AS unknown WHERE unknown.user_id IS NULL"
        " OR unknown.product_id IS NULL)"
    ),
    Storing.THE_KNOWN: "",
    Storing.NOTHING: "AND FALSE",
}
_POSTGRESQL_INSERT = {
    storing: _POSTGRESQL.format(condition=condition, created_at="%s::timestamptz", **_TABLES)
    for storing, condition in _CONDITIONS.items()
}
_SQLITE_INSERT = {
    storing: _SQLITE.format(condition=condition, created_at="%s", **_TABLES)
    for storing, condition in _CONDITIONS.items()
}
_SQLITE_LOOKUP = _LOOKUP.format(**_TABLES)


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """A row of Interaction."""

    id: int
    user_id: int
    product_id: int
    action_type: str
    occurred_at: datetime
    event_id: str | None


@dataclass(frozen=True, slots=True)
class Stored:
    """The result for one event.

    user_id, product_id: of the rows that the event refers to, None for one that does not exist
    row:    the new row, or the existing one of the same `event_id`; None if none was stored
    is_new: whether the event was stored now
    """

    user_id: int | None
    product_id: int | None
    row: StoredEvent | None = None
    is_new: bool = False

    @property
    def is_known(self) -> bool:
        return self.user_id is not None and self.product_id is not None

    def is_of(self, event: Event) -> bool:
        """Return whether the row holds what the event says; a time counts only if the caller sent it."""
        row = self.row
        return row is not None and (
            (row.user_id, row.product_id, row.action_type)
            == (self.user_id, self.product_id, event.action_type)
            and (row.occurred_at == event.occurred_at or not event.is_dated)
        )


def store_events(events: Sequence[Event], *, now: datetime, storing: Storing) -> list[Stored]:
    """Store the events and return the result of each, in order. Of events with the same id, the first counts.

    now: when they are stored
    1 query on PostgreSQL, which commits by itself unless a transaction is open. 1 query on SQLite if all
    events are new, otherwise 2; THE_KNOWN needs a transaction there. As many again if another process stores
    or deletes the same keys at the same time. If a user does not exist, 1 more, and as many again if it was
    merged into another one.
    """
    results: dict[int, Stored] = {}
    places: Sequence[int] = range(len(events))
    has_former = False
    while places:
        results.update(zip(places, _attempt([events[place] for place in places], now, storing), strict=True))
        unknown = [] if has_former else [place for place in places if results[place].user_id is None]
        merged: list[int] = []
        if unknown and (former := former_users({events[place].user for place in unknown})):
            # Their users were merged into others.
            has_former = True
            merged = [place for place in unknown if events[place].user in former]
            events = [replace(event, user=former.get(event.user, event.user)) for event in events]
            if storing is not Storing.THE_KNOWN:
                continue
        is_refused = storing is Storing.ALL_OR_NONE and not all(results[place].is_known for place in places)
        if is_refused or storing is Storing.NOTHING:
            break
        # Their keys were taken after the statement began, or have become free again.
        again = {place for place in places if results[place].is_known and results[place].row is None}
        places = sorted(again.union(merged))
    return [results[place] for place in range(len(events))]


class _Found(NamedTuple):
    """What a statement has found and inserted.

    references: the ids of the user and product of each event, None for one that does not exist
    inserted:   the id and key of each new row
    existing:   the rows that had a key of the events before, by key
    """

    references: list[tuple[int | None, int | None]]
    inserted: list[tuple[int, str | None]]
    existing: dict[str | None, StoredEvent]


def _attempt(events: Sequence[Event], now: datetime, storing: Storing) -> Iterator[Stored]:
    """Yield the result of each event. It has no row although all is known if its key was just taken."""
    insert = _postgresql if connection.vendor == "postgresql" else _sqlite
    references, inserted, existing = insert(events, now, storing)
    new_ids = {key: new for new, key in inserted if key is not None}
    unkeyed = iter(sorted(new for new, key in inserted if key is None))
    rows = dict(existing)
    for event, (user_id, product_id) in zip(events, references, strict=True):
        key = event.event_id
        if user_id is None or product_id is None:
            yield Stored(user_id, product_id)
        elif new := next(unkeyed, None) if key is None else new_ids.pop(key, None):
            row = StoredEvent(new, user_id, product_id, event.action_type, event.occurred_at, key)
            if key is not None:
                rows[key] = row
            yield Stored(user_id, product_id, row, is_new=True)
        else:
            yield Stored(user_id, product_id, None if key is None else rows.get(key))


def _postgresql(events: Sequence[Event], now: datetime, storing: Storing) -> _Found:
    rows = write(_POSTGRESQL_INSERT[storing], [_json(events, lambda moment: moment), now])
    references = _no_references(events)
    inserted: list[tuple[int, str | None]] = []
    existing: dict[str | None, StoredEvent] = {}
    for place, user_id, product_id, new, *old in rows:
        if place is None:  # a new row without a key
            inserted.append((new, None))
            continue
        references[place] = user_id, product_id
        if new is not None:
            inserted.append((new, events[place].event_id))
        elif old[0] is not None:
            row = StoredEvent(*old)
            existing[row.event_id] = row
    return _Found(references, inserted, existing)


def _sqlite(events: Sequence[Event], now: datetime, storing: Storing) -> _Found:
    sent = _json(events, _sqlite_time)
    rows = [] if storing is Storing.NOTHING else write(_SQLITE_INSERT[storing], [sent, _sqlite_time(now)])
    inserted = [(new, key) for new, key, _, _ in rows]
    if len(rows) == len(events):  # all are new, so their ids ascend in their order
        return _Found([(user_id, product_id) for *_, user_id, product_id in sorted(rows)], inserted, {})
    references = _no_references(events)
    existing: dict[str | None, StoredEvent] = {}
    for place, user_id, product_id, *old in fetch(_SQLITE_LOOKUP, [sent]):
        references[place] = user_id, product_id
        if old[0] is not None:
            row = StoredEvent(*old)
            existing[row.event_id] = replace(row, occurred_at=row.occurred_at.replace(tzinfo=UTC))
    return _Found(references, inserted, existing)


def _sqlite_time(moment: datetime) -> str:
    """Return a time as Django stores it: in UTC, without an offset."""
    return str(moment.astimezone(UTC).replace(tzinfo=None))


def _no_references(events: Sequence[Event]) -> list[tuple[int | None, int | None]]:
    return [(None, None)] * len(events)


def _json(events: Sequence[Event], moment: Callable[[datetime], object]) -> str:
    """Return the events as a JSON array. moment: makes what the database reads of a time"""
    return orjson.dumps([_fields(place, event, moment) for place, event in enumerate(events)]).decode()


def _fields(place: int, event: Event, moment: Callable[[datetime], object]) -> dict[str, object]:
    user, product = (
        (reference, None) if isinstance(reference, int) else (None, reference)
        for reference in (event.user, event.product)
    )
    return {
        "place": place,
        "user_pk": user[0],
        "user_key": user[1],
        "product_pk": product[0],
        "product_key": product[1],
        "action_type": event.action_type,
        "occurred_at": moment(event.occurred_at),
        "event_key": event.event_id,
    }
