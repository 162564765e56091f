"""Shoppers and their stored lists."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from catalog.models import Interaction, User
from core.db.json_sql import JsonArray
from core.db.prepared import PreparedQuery
from recommendations.errors import UnknownShopper
from recommendations.models import StoredList


@dataclass(frozen=True, slots=True)
class Shopper:
    id: int
    name: str


@dataclass(frozen=True, slots=True)
class StoredRow:
    """A stored list, with the current version of its user's events.

    picks:          JSON, see `serving.stored_picks`
    event_count, last_event_id: the number of the user's events and the highest id among them, when the list
                    was made
    events_now, last_event_now: the same now
    identity:       changes if the list is replaced or altered
    """

    strategy: str
    picks: list[Any]
    fallback: str
    summary: str
    explanation: str
    explanation_source: str
    explanation_digest: str
    event_count: int
    last_event_id: int
    digest: str
    generated_at: datetime
    identity: str
    events_now: int
    last_event_now: int


_by = {
    name: PreparedQuery(lambda key, name=name: User.objects.filter(**{name: key}).values_list("id", "name"))
    for name in ("pk", "external_id")
}


def shopper(lookup: Mapping[str, int | str]) -> Shopper:
    """Return the shopper that the lookup (a pk or an external_id) names. 1 query.

    Raises UnknownShopper.
    """
    ((name, key),) = lookup.items()
    for row in _by[name](key):
        return Shopper(*row)
    raise UnknownShopper(_format_lookup(lookup))


def _format_lookup(lookup: Mapping[str, Any]) -> str:
    return f"ext:{lookup['external_id']}" if "external_id" in lookup else str(lookup.get("pk"))


def shoppers(ids: Iterable[int]) -> dict[int, Shopper]:
    """Return the shoppers that exist, by id. 1 query."""
    rows = User.objects.filter(id__in=list(ids)).values_list("id", "name")
    return {key: Shopper(key, name) for key, name in rows}


def is_shopper(user_id: int) -> bool:
    """Return whether there is such a shopper. 1 query."""
    return User.objects.filter(id=user_id).exists()


def shopper_id_chunks(size: int) -> Iterator[list[int]]:
    """Yield the ids of all shoppers in ascending order, in chunks of this size. 1 query a chunk."""
    last = 0
    while chunk := list(User.objects.filter(id__gt=last).order_by("id").values_list("id", flat=True)[:size]):
        yield chunk
        last = chunk[-1]


def shopper_ids_between(first: int, last: int) -> list[int]:
    """Return the ids of the shoppers from first to last, both inclusive, in ascending order. 1 query."""
    rows = User.objects.filter(id__range=(first, last)).order_by("id")
    return list(rows.values_list("id", flat=True))


def n_shoppers() -> int:
    """Return the number of shoppers. 1 query."""
    return User.objects.count()


def first_with_history() -> Shopper | None:
    """Return the first shopper with an event, None if there is none. 1 query."""
    with_history = User.objects.filter(interactions__isnull=False).order_by("id")
    row = with_history.values_list("id", "name").first()
    return None if row is None else Shopper(*row)


# Changes if a stored list is replaced or altered.
LIST_IDENTITY = JsonArray("digest", "event_count", "last_event_id", "generated_at")


def _stored_rows(user_id: int, strategy: str) -> "QuerySet[StoredList, Any]":
    events = Interaction.objects.filter(user_id=OuterRef("user_id")).order_by().values("user_id")
    return (
        StoredList.objects.filter(user_id=user_id, strategy=strategy)
        .annotate(
            events_now=Coalesce(Subquery(events.annotate(n=Count("*")).values("n")), 0),
            last_event_now=Coalesce(Subquery(events.annotate(last=Max("id")).values("last")), 0),
            identity=LIST_IDENTITY,
        )
        .values_list(*(field.name for field in fields(StoredRow)))
    )


_stored = PreparedQuery(_stored_rows)


def stored_list(user_id: int, strategy: str) -> StoredRow | None:
    """Return the user's stored list with the current version of their events, None without one. 1 query."""
    for row in _stored(user_id, strategy):
        return StoredRow(*row)
    return None
