"""Shoppers and their stored lists."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Self

from django.db.models import Q

from catalog.merged_users import former_users
from catalog.models import User
from core.db.prepared import PreparedQuery
from recommendations.errors import UnknownShopper


@dataclass(frozen=True, slots=True)
class Shopper:
    """A user of the shop. history_version: grows with each change of their events"""

    id: int
    name: str
    history_version: int = 0


@dataclass(frozen=True, slots=True)
class StoredRow:
    """A stored list.

    picks, behaviour: JSON, see `serving.stored`
    history_version: of the user when the list was made
    identity:        changes if the list is replaced or altered
    """

    COLUMNS: ClassVar = (
        "strategy",
        "picks",
        "fallback",
        "summary",
        "behaviour",
        "explanation",
        "explanation_source",
        "explanation_digest",
        "event_count",
        "history_version",
        "digest",
        "generated_at",
    )

    strategy: str
    picks: str
    fallback: str
    summary: str
    behaviour: str
    explanation: str
    explanation_source: str
    explanation_digest: str
    event_count: int
    history_version: int
    digest: str
    generated_at: datetime
    identity: str

    @classmethod
    def of(cls, row: Sequence[str]) -> Self:
        """Return the list from its COLUMNS as text."""
        fields: dict[str, Any] = dict(zip(cls.COLUMNS, row, strict=True))
        identity = hashlib.blake2b("\0".join(row).encode("utf-8", "backslashreplace"), digest_size=16)
        made_at = datetime.fromisoformat(fields["generated_at"])
        fields["generated_at"] = made_at if made_at.tzinfo else made_at.replace(tzinfo=UTC)
        fields["event_count"] = int(fields["event_count"])
        fields["history_version"] = int(fields["history_version"])
        return cls(**fields, identity=identity.hexdigest())


_SHOPPER = ("id", "name", "history_version")
_by = {
    name: PreparedQuery(lambda key, name=name: User.objects.filter(**{name: key}).values_list(*_SHOPPER))
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
    rows = User.objects.filter(id__in=list(ids)).values_list(*_SHOPPER)
    return {row[0]: Shopper(*row) for row in rows}


def shoppers_named(references: Iterable[int | str]) -> dict[int | str, Shopper]:
    """Return the shoppers by the numbers and external ids that name them. 1 query.

    2 more if some do not exist: ids of users that were merged lead to the other one.
    """
    wanted = list(dict.fromkeys(references))
    numbers = [one for one in wanted if isinstance(one, int)]
    names = [one for one in wanted if isinstance(one, str)]
    rows = User.objects.filter(Q(id__in=numbers) | Q(external_id__in=names))
    by_number, by_name = {}, {}
    for external_id, *row in rows.values_list("external_id", *_SHOPPER):
        by_number[row[0]] = by_name[external_id] = Shopper(*row)
    found: dict[int | str, Shopper] = {one: by_number[one] for one in numbers if one in by_number}
    found |= {one: by_name[one] for one in names if one in by_name}
    if missing := [one for one in wanted if one not in found]:
        former = former_users(missing)
        others = shoppers(former.values()) if former else {}
        found |= {one: others[id] for one, id in former.items() if id in others}
    return found


def history_versions(ids: list[int]) -> dict[int, int]:
    """Return the history versions of the users that exist, by id. 1 query."""
    return dict(User.objects.filter(id__in=ids).values_list("id", "history_version"))


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
    row = with_history.values_list(*_SHOPPER).first()
    return None if row is None else Shopper(*row)
