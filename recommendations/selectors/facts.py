"""All that an answer computed live depends on besides the snapshot, read in one statement."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db.models import Count, Max, OuterRef, Subquery

from catalog.models import Interaction, User
from core.db.json_sql import Record, only
from core.db.prepared import Prepared
from recommendations.models import DefaultStrategy, StoredList, TrainedModel
from recommendations.selectors.products import Details, columns_as_text, details_of_text, tags_as_text


@dataclass(frozen=True, slots=True)
class Facts:
    """What the database holds of a shopper and of some products.

    events:   how many the shopper has, and the highest id among them, 0 and 0 without any
    products: those that exist, by id
    """

    user_id: int
    user_name: str
    events: tuple[int, int]
    products: Mapping[int, Details]

    def digest(self) -> bytes:
        """Return what changes with any of it, 16 bytes."""
        told = (self.user_id, self.user_name, self.events, sorted(self.products.items()))
        return hashlib.blake2b(repr(told).encode("utf-8", "backslashreplace"), digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class Read:
    """The facts, and what decides about who answers.

    list_at: when the shopper's stored list of the strategy was made, None without one
    default, version: the strategy that was chosen to answer, the active version of the one asked about
    """

    facts: Facts
    list_at: datetime | None
    default: str | None
    version: str | None


def _rows(user: Mapping[str, Any], strategy: str, products: list[int]) -> Any:
    mine = Interaction.objects.filter(user_id=OuterRef("pk")).order_by().values("user_id")
    listed = StoredList.objects.filter(user_id=OuterRef("pk"), strategy=strategy)
    active = TrainedModel.objects.filter(strategy=strategy, is_active=True)
    return (
        User.objects.filter(**user)
        .annotate(
            events=only(mine, Record(Count("*"), Max("id"))),
            list_at=Subquery(listed.values("generated_at")),
            default=Subquery(DefaultStrategy.objects.filter(id=1).values("strategy")),
            version=Subquery(active.values("version")),
            described=columns_as_text(products),
            tags=tags_as_text(products),
        )
        .values_list("id", "name", "events", "list_at", "default", "version", "described", "tags")
    )


_by = {
    "pk": Prepared(lambda key, *others: _rows({"pk": key}, *others)),
    "external_id": Prepared(lambda key, *others: _rows({"external_id": key}, *others)),
}


def facts(lookup: tuple[str, int | str], strategy: str, products: list[int]) -> Read | None:
    """Return the facts of the shopper and the products; None for no such shopper. 1 query.

    lookup:   "pk" or "external_id", and its value
    products: ids, at least one
    """
    by, key = lookup
    for user_id, name, events, list_at, default, version, described, tags in _by[by](key, strategy, products):
        n_events, last_id = orjson.loads(events or "[0,0]")
        found = Facts(user_id, name, (n_events, last_id), details_of_text(described, tags))
        return Read(found, list_at, default, version)
    return None
