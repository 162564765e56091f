"""All that the answer from a stored list depends on in the database, read in one statement."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Count, F, Max, OuterRef, Subquery

from catalog.models import Interaction
from core.db.json_sql import Record, only
from core.db.prepared import Prepared
from recommendations.models import DefaultStrategy, StoredList, TrainedModel
from recommendations.selectors.products import columns_as_text, tags_as_text


class State(NamedTuple):
    """What stands in the database; two are equal exactly while the answer is the same.

    events:           how many the user has, and the highest id among them, as JSON; None without any
    default, version: the strategy that was chosen to answer, the active version of the one asked about
    products, tags: what is shown of the products, as text; None where there is none
    """

    user_id: int
    user_name: str
    digest: str
    event_count: int
    last_event_id: int
    generated_at: datetime
    events: str | None
    default: str | None
    version: str | None
    products: str | None
    tags: str | None


def _rows(user: Mapping[str, Any], strategy: str, products: list[int], shown: list[int]) -> Any:
    mine = Interaction.objects.filter(user_id=OuterRef("user_id")).order_by().values("user_id")
    active = TrainedModel.objects.filter(strategy=strategy, is_active=True)
    return (
        StoredList.objects.filter(**user, strategy=strategy)
        .annotate(
            events=only(mine, Record(Count("*"), Max("id"))),
            default=Subquery(DefaultStrategy.objects.filter(id=1).values("strategy")),
            version=Subquery(active.values("version")),
            products=columns_as_text(products),
            tags=tags_as_text(shown),
        )
        .values_list("user_id", F("user__name"), *State._fields[2:])
    )


_by = {
    "pk": Prepared(lambda key, *others: _rows({"user_id": key}, *others)),
    "external_id": Prepared(lambda key, *others: _rows({"user__external_id": key}, *others)),
}


def state(
    lookup: tuple[str, int | str], strategy: str, products: list[int], shown: list[int]
) -> State | None:
    """Return the state of the shopper's stored list; None for no such shopper or list. 1 query.

    lookup:   "pk" or "external_id", and its value
    products: the ids of all that the list holds and its reasons name; shown: of those that are shown, with
              their tags

    It holds the products' fields themselves, not the moments of their last change: a change that was begun
    early and committed late, or that left no trace in `updated_at`, is seen as well.
    """
    by, key = lookup
    for row in _by[by](key, strategy, products, shown):
        return State(*row)
    return None
