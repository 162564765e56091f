"""What a cached answer depends on in the database, read in one statement."""

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson
from django.db.models import Count, Max, OuterRef, Subquery

from catalog.models import Interaction, User
from core.db.json_sql import JsonArray, aggregate_subquery
from core.db.prepared import PreparedQuery
from recommendations.models import DefaultStrategy, StoredList, TrainedModel
from recommendations.selectors.products import Details, columns_as_text, details_of_text, tags_as_text
from recommendations.selectors.shoppers import LIST_IDENTITY


class VersionRow(NamedTuple):
    """One row with everything that the validity of an answer depends on. Two equal rows mean the same.

    events:           the number of the user's events and the highest id among them, as JSON; None without any
    stored_list:      identity of the user's stored list of the strategy, None without one
    default, version: the default strategy that staff chose, and the active version of the strategy
    products, tags:   what is shown of the products, as text; None for none
    """

    user_id: int
    user_name: str
    events: str | None
    stored_list: str | None
    default: str | None
    version: str | None
    products: str | None
    tags: str | None

    def digest(self) -> bytes:
        """Return the digest of the user, their events and the products, as `digest_of` does."""
        n_events, last_id = orjson.loads(self.events or "[0,0]")
        products = details_of_text(self.products, self.tags)
        return digest_of(self.user_id, self.user_name, (n_events, last_id), products)

    def fingerprint(self) -> bytes:
        """Return the digest of the row as it is, which is quicker to make. 16 bytes."""
        return _digest(tuple(self))


def digest_of(
    user_id: int, user_name: str, events: tuple[int, int], products: Mapping[int, Details]
) -> bytes:
    """Return a digest that changes with each of these, 16 bytes.

    events:   the number of the user's events and the highest id among them; zeros without any
    products: those that exist, by id
    """
    return _digest((user_id, user_name, events, sorted(products.items())))


def _digest(value: object) -> bytes:
    return hashlib.blake2b(repr(value).encode("utf-8", "backslashreplace"), digest_size=16).digest()


def _rows(user: Mapping[str, Any], strategy: str, product_ids: list[int]) -> Any:
    events = Interaction.objects.filter(user_id=OuterRef("pk")).order_by().values("user_id")
    lists = StoredList.objects.filter(user_id=OuterRef("pk"), strategy=strategy)
    active = TrainedModel.objects.filter(strategy=strategy, is_active=True)
    return (
        User.objects.filter(**user)
        .annotate(
            events=aggregate_subquery(events, JsonArray(Count("*"), Max("id"))),
            stored_list=aggregate_subquery(lists, LIST_IDENTITY),
            default=Subquery(DefaultStrategy.objects.filter(id=1).values("strategy")),
            version=Subquery(active.values("version")),
            products=columns_as_text(product_ids),
            tags=tags_as_text(product_ids),
        )
        .values_list("id", "name", *VersionRow._fields[2:])
    )


_by = {
    "pk": PreparedQuery(lambda key, *others: _rows({"pk": key}, *others)),
    "external_id": PreparedQuery(lambda key, *others: _rows({"external_id": key}, *others)),
}


def version_row(lookup: tuple[str, int | str], strategy: str, product_ids: list[int]) -> VersionRow | None:
    """Return the row as it is now; None if there is no such user. 1 query.

    lookup:      "pk" or "external_id", and its value
    product_ids: at least one

    It holds the products' fields themselves, not the times of their last change, so it notices a change
    that began early and committed late, and one that left no trace in `updated_at`.
    """
    by, key = lookup
    for row in _by[by](key, strategy, product_ids):
        return VersionRow(*row)
    return None
