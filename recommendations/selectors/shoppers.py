"""Who asks, and what was stored ahead for them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, OuterRef, Subquery

from catalog.models import Interaction, User
from recommendations.errors import UnknownShopper
from recommendations.models import StoredList


@dataclass(frozen=True, slots=True)
class Shopper:
    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored list, and how many events its user has now, with the highest id among them."""

    list: StoredList
    event_count: int
    last_event_id: int
    generated_at: datetime


def shopper(lookup: Mapping[str, Any]) -> Shopper:
    """Return the shopper that the lookup (a pk or an external_id) names. 1 query.

    Raises UnknownShopper, for members of staff too: their names are nobody's business here.
    """
    row = User.objects.shoppers().filter(**lookup).values_list("id", "name").first()
    if row is None:
        raise UnknownShopper(_spelled(lookup))
    return Shopper(*row)


def _spelled(lookup: Mapping[str, Any]) -> str:
    return f"ext:{lookup['external_id']}" if "external_id" in lookup else str(lookup.get("pk"))


def shoppers(ids: Iterable[int]) -> dict[int, Shopper]:
    """Return those of the shoppers that exist. 1 query."""
    rows = User.objects.shoppers().filter(id__in=list(ids)).values_list("id", "name")
    return {key: Shopper(key, name) for key, name in rows}


def shopper_id_chunks(size: int) -> Iterator[list[int]]:
    """Yield the ids of all shoppers in rising order, size at a time. 1 query a chunk."""
    last = 0
    while chunk := list(
        User.objects.shoppers().filter(id__gt=last).order_by("id").values_list("id", flat=True)[:size]
    ):
        yield chunk
        last = chunk[-1]


def n_shoppers() -> int:
    """Return how many shoppers there are. 1 query."""
    return User.objects.shoppers().count()


def first_with_history() -> Shopper | None:
    """Return the first shopper who has done anything, None where nobody has. 1 query."""
    with_history = User.objects.shoppers().filter(interactions__isnull=False).order_by("id")
    row = with_history.values_list("id", "name").first()
    return None if row is None else Shopper(*row)


def stored(user_id: int, strategy: str) -> Stored | None:
    """Return the stored list of the user, with the state of their events now. 1 query."""
    mine = Interaction.objects.filter(user_id=OuterRef("user_id")).order_by().values("user_id")
    found = (
        StoredList.objects.filter(user_id=user_id, strategy=strategy)
        .annotate(
            events_now=Subquery(mine.annotate(n=Count("*")).values("n")),
            last_event_now=Subquery(mine.annotate(last=Max("id")).values("last")),
        )
        .first()
    )
    if found is None:
        return None
    return Stored(found, found.events_now or 0, found.last_event_now or 0, found.generated_at)
