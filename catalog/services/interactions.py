"""Stores what shoppers did, all of it or nothing, and an event that is reported twice once."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, models, transaction
from django.db.models import Q

from catalog.errors import BadEvents
from catalog.models import Interaction, Product, User
from catalog.services.events import Error, Event, read_event, wrong

MOST_EVENTS = 1000
_FIELDS: tuple["models.Field[Any, Any]", ...] = tuple(
    Interaction._meta.get_field(name)  # type: ignore[misc]
    for name in ("user", "product", "action_type", "occurred_at", "created_at", "event_key")
)


@dataclass(frozen=True, slots=True)
class Recorded:
    """The stored rows in the order of the events, and how many of them are new."""

    rows: list[Interaction]
    n_new: int


@transaction.atomic
def record_interactions(*, events: Sequence[object], now: datetime) -> Recorded:
    """Return the stored rows; an `event_id` that is stored already gives the row that it has.

    events: what the caller sent, 1 to 1,000; now: for events that do not say when they happened
    Raises BadEvents, naming everything that is wrong, and then nothing is stored.
    Makes three queries however many events there are, and one more when any of them is a repeat.
    """
    if not 1 <= len(events) <= MOST_EVENTS:
        message = f"Holds {len(events)} events; send 1 to {MOST_EVENTS} at a time."
        raise BadEvents([{"field": None, "value": None, "message": message}])
    read, errors = [], []
    for index, sent in enumerate(events):
        event, found = read_event(sent, index=index, now=now)
        errors += found
        read.append(event)
    whole = [event for event in read if event]
    users = _ids(User.objects.shoppers(), {event.user for event in whole})
    products = _ids(Product.objects.all(), {event.product for event in whole})
    errors += _unknown(read, users, products)
    if errors:
        raise BadEvents(sorted(errors, key=lambda error: int(str(error["index"]))))
    return _store([_row(event, users, products, now) for event in whole])


def _ids(rows: "models.QuerySet[Any]", wanted: Collection[int | str]) -> dict[int | str, int]:
    """Return the number of each row that is asked for by number or by external id: one query."""
    numbers = [key for key in wanted if isinstance(key, int)]
    external_ids = [key for key in wanted if isinstance(key, str)]
    found: dict[int | str, int] = {}
    if wanted:
        for pk, external_id in rows.filter(Q(pk__in=numbers) | Q(external_id__in=external_ids)).values_list(
            "pk", "external_id"
        ):
            found[pk] = pk
            if external_id is not None:
                found[external_id] = pk
    return found


def _unknown(
    events: Iterable[Event | None], users: dict[int | str, int], products: dict[int | str, int]
) -> list[Error]:
    errors = []
    for index, event in enumerate(events):
        if event and event.user not in users:
            errors.append(wrong(index, "user_id", _named(event.user), "There is no such shopper."))
        if event and event.product not in products:
            errors.append(wrong(index, "product_id", _named(event.product), "There is no such product."))
    return errors


def _named(key: int | str) -> int | str:
    return f"ext:{key}" if isinstance(key, str) else key


def _row(
    event: Event, users: dict[int | str, int], products: dict[int | str, int], now: datetime
) -> Interaction:
    return Interaction(
        user_id=users[event.user],
        product_id=products[event.product],
        action_type=event.action_type,
        occurred_at=event.occurred_at,
        created_at=now,
        event_key=event.event_id,
    )


def _store(rows: list[Interaction]) -> Recorded:
    """Return the rows as the database holds them, whoever stored them first: one query, or two."""
    keyed: dict[str, Interaction] = {}
    for row in rows:
        if (key := row.event_key) is not None:
            keyed.setdefault(key, row)
    new = [row for row in rows if row.event_key is None or keyed[row.event_key] is row]
    _insert(new)
    taken = [key for key, row in keyed.items() if row.pk is None]
    if taken:
        keyed.update({str(row.event_key): row for row in Interaction.objects.filter(event_key__in=taken)})
    stored = [row if row.event_key is None else keyed[row.event_key] for row in rows]
    return Recorded(rows=stored, n_new=len(new) - len(taken))


def _insert(rows: list[Interaction]) -> None:
    """Each row has its id, but those whose `event_key` is taken: one statement, which decides any race.

    Django's bulk_create would cut it into pieces on SQLite, could not say which rows are new, and
    where it ignores a conflict there, it ignores a broken rule as well.
    """
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in _FIELDS)
    places = f"({', '.join(['%s'] * len(_FIELDS))})"
    values = [
        field.get_db_prep_save(getattr(row, field.attname), connection) for row in rows for field in _FIELDS
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {quote(Interaction._meta.db_table)} ({columns}) "  # noqa: S608 - names of our own
            f"VALUES {', '.join([places] * len(rows))} "
            f"ON CONFLICT ({quote('event_key')}) DO NOTHING RETURNING {quote('id')}, {quote('event_key')}",
            values,
        )
        inserted = cursor.fetchall()
    ids = {key: pk for pk, key in inserted if key is not None}
    unkeyed = iter([pk for pk, key in inserted if key is None])
    for row in rows:
        key = row.event_key
        row.pk = next(unkeyed) if key is None else ids.get(key)
