"""Recording of events, all or none; a repeated event_id is stored once."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.db.models import Q

from catalog.errors import InvalidEvents
from catalog.models import Interaction, Product, User
from catalog.services.events import Error, Event, error_entry, read_event
from catalog.services.interaction_rows import InteractionRecord, insert

MAX_EVENTS = 1000


@dataclass(frozen=True, slots=True)
class Recorded:
    """The stored rows in the order of the events, and how many of them are new."""

    rows: list[Interaction]
    n_new: int


def record_interactions(*, events: Sequence[object], now: datetime) -> Recorded:
    """Store the events and return their rows; for an `event_id` that is already stored, its existing row.

    events: 1 to 1,000, as the caller sent them
    now:    the time of events that have none
    Raises InvalidEvents with all errors if any event is invalid. Stores all or none, in one transaction.
    3 queries, whatever the number of events, and 1 more if any event is a repeat.
    """
    if not 1 <= len(events) <= MAX_EVENTS:
        message = f"Contains {len(events)} events; send 1 to {MAX_EVENTS} at a time."
        raise InvalidEvents([{"field": None, "value": None, "message": message}])
    read, errors = [], []
    for index, sent in enumerate(events):
        event, found = read_event(sent, index=index, now=now)
        errors += found
        read.append(event)
    whole = [event for event in read if event]
    users = ids_by_reference(User.objects.all(), {event.user for event in whole})
    products = ids_by_reference(Product.objects.all(), {event.product for event in whole})
    errors += unknown_references(read, users, products)
    if errors:
        raise InvalidEvents(sorted(errors, key=lambda error: int(str(error["index"]))))
    return _store([_row(event, users, products, now) for event in whole])


def ids_by_reference(rows: "models.QuerySet[Any]", wanted: Collection[int | str]) -> dict[int | str, int]:
    """Return the id of each requested row, by id or external id as requested. 1 query.

    wanted: ids, and external ids as strings; those that do not exist are left out
    """
    pks = [key for key in wanted if isinstance(key, int)]
    external_ids = [key for key in wanted if isinstance(key, str)]
    found: dict[int | str, int] = {}
    if wanted:
        for pk, external_id in rows.filter(Q(pk__in=pks) | Q(external_id__in=external_ids)).values_list(
            "pk", "external_id"
        ):
            found[pk] = pk
            if external_id is not None:
                found[external_id] = pk
    return found


def unknown_references(
    events: Iterable[Event | None], users: dict[int | str, int], products: dict[int | str, int]
) -> Iterator[Error]:
    """Yield an error for each missing user and product. users, products: from `ids_by_reference`"""
    for index, event in enumerate(events):
        if event and event.user not in users:
            yield error_entry(index, "user_id", _named(event.user), "There is no such user.")
        if event and event.product not in products:
            yield error_entry(index, "product_id", _named(event.product), "There is no such product.")


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


@transaction.atomic(savepoint=False)  # nothing is written before, so the whole transaction may fail
def _store(rows: list[Interaction]) -> Recorded:
    """Store the rows and return them; a repeated key returns the existing row. 1 query, or 2 with repeats."""
    keyed: dict[str, Interaction] = {}
    for row in rows:
        if (key := row.event_key) is not None:
            keyed.setdefault(key, row)
    new = [row for row in rows if row.event_key is None or keyed[row.event_key] is row]
    for row, pk in zip(new, insert([_values(row) for row in new]), strict=True):
        row.pk = pk
    taken = [key for key, row in keyed.items() if row.pk is None]
    if taken:
        keyed.update({str(row.event_key): row for row in Interaction.objects.filter(event_key__in=taken)})
    stored = [row if row.event_key is None else keyed[row.event_key] for row in rows]
    return Recorded(rows=stored, n_new=len(new) - len(taken))


def _values(row: Interaction) -> InteractionRecord:
    return InteractionRecord(*(getattr(row, name) for name in InteractionRecord._fields))
