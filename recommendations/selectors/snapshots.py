"""Snapshots: the catalogue as arrays."""

from collections import Counter
from collections.abc import Collection

import numpy as np
import orjson
from django.db.models import Count, Model, QuerySet
from numpy.typing import NDArray

from catalog.models import ActionType, Category, Interaction, Product, Tag
from catalog.models.product import SALE
from catalog.selectors import tags_of
from core.db.prepared import PreparedQuery, columns, integers
from recommendations.engine import patching
from recommendations.engine.attributes import Attributes, attribute_keys
from recommendations.engine.codes import coded as coded_ids
from recommendations.engine.features import Features, Groups, Vocabulary
from recommendations.engine.offers import Offers
from recommendations.engine.patching import ProductState
from recommendations.engine.ragged import Ragged, starts_of
from recommendations.engine.snapshot import Snapshot
from recommendations.selectors.clock import real_time, shop_now
from recommendations.selectors.products import AVAILABLE, offer

_Tagged: type[Model] = Product.tags.through


def snapshot(*, real_now: float | None = None, counts_repeats: bool = False) -> Snapshot:
    """Return the catalogue as it is now. 9 queries.

    counts_repeats: as in `EventTable`
    real_now: seconds since 1970; None for this machine's clock
    """
    priced_at = real_time() if real_now is None else real_now
    categories, tags = _ids_and_names(Category, "path"), _ids_and_names(Tag, "name")
    ids, categories_of, available, prices = columns(
        Product.objects.order_by("id").values_list("id", "category_id", AVAILABLE, "price"), 4
    )
    product_ids = integers(ids)
    found = Snapshot.build(
        product_ids=product_ids,
        active=np.array(available, bool),
        popularity=np.zeros(len(product_ids), np.int64),
        features=Features(
            category=coded(integers(categories_of), integers(categories[0])),
            tags=_tags(product_ids, integers(tags[0])),
            categories=Vocabulary(categories[1]),
            tag_names=Vocabulary(tags[1]),
        ),
        price=np.array(prices, np.float64),
        offers=_offers(),
        groups=_groups(product_ids),
        attributes=_attributes(product_ids),
        priced_at=priced_at,
    )
    return with_popularity(found, real_now=real_now, counts_repeats=counts_repeats)


def with_popularity(
    previous: Snapshot, *, real_now: float | None = None, counts_repeats: bool = False
) -> Snapshot:
    """Return the snapshot with the popularity and the time of now; itself if neither differs. 2 queries."""
    return previous.at(shop_now(real_now), *_popularity(counts_repeats=counts_repeats))


def patched(previous: Snapshot, product_ids: Collection[int], *, counts_repeats: bool = False) -> Snapshot:
    """Return the snapshot with these products as they are now; itself if none differs.

    2 queries; 3 if one of the products is new.
    """
    return patching.patched(previous, _states(previous, sorted(product_ids), counts_repeats=counts_repeats))


_rows = PreparedQuery(
    lambda ids: Product.objects.filter(id__in=ids).values_list(
        "id", AVAILABLE, "category__path", "price", "group", "attributes", *SALE
    )
)


def popularity(*, counts_repeats: bool) -> QuerySet[Interaction, tuple[int, int]]:
    """Return products and numbers: of the shoppers with each action, or of all events. An index answers it.

    A product has a row for each action that it has events of. Dismissals do not count.
    """
    n = Count("*") if counts_repeats else Count("user_id", distinct=True)
    events = Interaction.objects.exclude(action_type=ActionType.DISMISS).order_by()
    return events.values("product_id", "action_type").annotate(n=n).values_list("product_id", "n")


_distinct_of = PreparedQuery(lambda ids: popularity(counts_repeats=False).filter(product_id__in=ids))
_all_of = PreparedQuery(lambda ids: popularity(counts_repeats=True).filter(product_id__in=ids))


def _states(previous: Snapshot, ids: list[int], *, counts_repeats: bool) -> dict[int, ProductState | None]:
    """Return the products as they are now, None for those that do not exist."""
    rows, tags = _rows(ids), tags_of(ids)
    known = previous.locate(np.array(ids, np.int64)) >= 0
    new = [key for key, is_known in zip(ids, known.tolist(), strict=True) if not is_known]
    counts: Counter[int] = Counter()
    for key, n in _all_of(new) if counts_repeats else _distinct_of(new):
        counts[key] += n
    return {
        **dict.fromkeys(ids),
        **{
            key: ProductState(
                bool(available),
                category,
                tags.get(key, ()),
                float(price),
                counts[key],
                offer(*sale),
                group,
                attribute_keys(attributes),
            )
            for key, available, category, price, group, attributes, *sale in rows
        },
    }


def _offers() -> Offers:
    """Return all sale prices. 1 query."""
    rows = Product.objects.filter(sale_price__isnull=False).order_by("id").values_list("id", *SALE)
    return Offers.of((key, found) for key, *sale in rows if (found := offer(*sale)))


def _attributes(product_ids: NDArray[np.int64]) -> Attributes | None:
    """Return the attributes of the products, None if no product has any. product_ids: sorted. 1 query."""
    rows = Product.objects.exclude(attributes={}).order_by("id").values_list("id", "attributes")
    ids, attributes = columns(rows, 2)
    positions = coded(integers(ids), product_ids)
    return Attributes.of(
        len(product_ids), positions, [attribute_keys(orjson.loads(found)) for found in attributes]
    )


def _groups(product_ids: NDArray[np.int64]) -> Groups | None:
    """Return the groups of the products, None if no product has one. product_ids: sorted. 1 query."""
    ids, names = columns(Product.objects.exclude(group="").order_by("id").values_list("id", "group"), 2)
    positions = coded(integers(ids), product_ids)
    return Groups.of(len(product_ids), positions, names)


def _ids_and_names(model: type[Category] | type[Tag], name: str) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Return all ids in ascending order, and their names or paths. 1 query."""
    ids, names = columns(model.objects.order_by("id").values_list("id", name), 2)
    return ids, names


def _popularity(*, counts_repeats: bool) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the ids of products with events, and their popularity. 1 query."""
    ids, counts = columns(popularity(counts_repeats=counts_repeats), 2)
    products = coded_ids(integers(ids))
    sums = np.bincount(products.codes, integers(counts), minlength=len(products.values))
    return products.values, sums.astype(np.int64)


def coded(ids: NDArray[np.int64], known: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the index of each id among the known ids, which are sorted; -1 for an unknown id."""
    if not len(known):
        return np.full(len(ids), -1, np.int64)
    index = np.minimum(np.searchsorted(known, ids), len(known) - 1)
    return np.where(known[index] == ids, index, -1)


def _tags(product_ids: NDArray[np.int64], tag_ids: NDArray[np.int64]) -> Ragged:
    """Return the tags of each product. product_ids: sorted; tag_ids: sorted. 1 query."""
    products, tags = columns(
        _Tagged._default_manager.order_by("product_id", "tag_id").values_list("product_id", "tag_id"), 2
    )
    # A product or tag added between the queries is unknown here; the change feed names it.
    rows, codes = coded(integers(products), product_ids), coded(integers(tags), tag_ids)
    known = (rows >= 0) & (codes >= 0)
    return Ragged(starts_of(np.bincount(rows[known], minlength=len(product_ids))), codes[known])


def with_new_products(features: Features, new_ids: NDArray[np.int64]) -> Features:
    """Return the features, extended by products that are newer than the snapshot. 2 queries.

    new_ids: sorted; the first of them gets the position after the snapshot's last product
    """
    ids = new_ids.tolist()
    categories, tags = {key: category for key, _, category, *_ in _rows(ids)}, tags_of(ids)
    return features.extended([(categories.get(key), tags.get(key, ())) for key in ids])
