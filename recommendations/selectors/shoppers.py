"""Who asks, and what was stored ahead for them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from catalog.models import Interaction, User
from core.db.json_sql import Record
from core.db.prepared import Prepared
from recommendations.errors import UnknownShopper
from recommendations.models import StoredList


@dataclass(frozen=True, slots=True)
class Shopper:
    id: int
    name: str


@dataclass(frozen=True, slots=True)
class StoredRow:
    """A stored list as its row says, and the state of its user's events as it is now.

    picks: as StoredList says; events_now, last_event_now: their number, and the highest id among them
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
    name: Prepared(lambda key, name=name: User.objects.filter(**{name: key}).values_list("id", "name"))
    for name in ("pk", "external_id")
}


def shopper(lookup: Mapping[str, int | str]) -> Shopper:
    """Return the shopper that the lookup (a pk or an external_id) names. 1 query.

    Raises UnknownShopper.
    """
    ((name, key),) = lookup.items()
    for row in _by[name](key):
        return Shopper(*row)
    raise UnknownShopper(_spelled(lookup))


def _spelled(lookup: Mapping[str, Any]) -> str:
    return f"ext:{lookup['external_id']}" if "external_id" in lookup else str(lookup.get("pk"))


def shoppers(ids: Iterable[int]) -> dict[int, Shopper]:
    """Return those of the shoppers that exist. 1 query."""
    rows = User.objects.filter(id__in=list(ids)).values_list("id", "name")
    return {key: Shopper(key, name) for key, name in rows}


def is_shopper(user_id: int) -> bool:
    """Return whether there is such a shopper. 1 query."""
    return User.objects.filter(id=user_id).exists()


def shopper_id_chunks(size: int) -> Iterator[list[int]]:
    """Yield the ids of all shoppers in rising order, size at a time. 1 query a chunk."""
    last = 0
    while chunk := list(User.objects.filter(id__gt=last).order_by("id").values_list("id", flat=True)[:size]):
        yield chunk
        last = chunk[-1]


def shopper_ids_between(first: int, last: int) -> list[int]:
    """Return the ids of the shoppers from one id to another, both included, in rising order. 1 query."""
    rows = User.objects.filter(id__range=(first, last)).order_by("id")
    return list(rows.values_list("id", flat=True))


def n_shoppers() -> int:
    """Return how many shoppers there are. 1 query."""
    return User.objects.count()


def first_with_history() -> Shopper | None:
    """Return the first shopper who has done anything, None where nobody has. 1 query."""
    with_history = User.objects.filter(interactions__isnull=False).order_by("id")
    row = with_history.values_list("id", "name").first()
    return None if row is None else Shopper(*row)


# Changes when a stored list is replaced or altered.
LIST_IDENTITY = Record("digest", "event_count", "last_event_id", "generated_at")


def _stored_rows(user_id: int, strategy: str) -> "QuerySet[StoredList, Any]":
    mine = Interaction.objects.filter(user_id=OuterRef("user_id")).order_by().values("user_id")
    return (
        StoredList.objects.filter(user_id=user_id, strategy=strategy)
        .annotate(
            events_now=Coalesce(Subquery(mine.annotate(n=Count("*")).values("n")), 0),
            last_event_now=Coalesce(Subquery(mine.annotate(last=Max("id")).values("last")), 0),
            identity=LIST_IDENTITY,
        )
        .values_list(*(field.name for field in fields(StoredRow)))
    )


_stored = Prepared(_stored_rows)


def stored_list(user_id: int, strategy: str) -> StoredRow | None:
    """Return the stored list of the user, with the state of their events now. 1 query."""
    for row in _stored(user_id, strategy):
        return StoredRow(*row)
    return None
