"""Snapshots: the catalogue as arrays."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import (
    BigIntegerField,
    Count,
    ExpressionWrapper,
    F,
    FloatField,
    Model,
    Sum,
    Value,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce, Round
from numpy.typing import NDArray

from catalog.models import ActionType, Category, Interaction, Product, Tag
from core.db.prepared import columns, integers
from recommendations.engine.ragged import Ragged, starts_of
from recommendations.engine.snapshot import Features, Snapshot, Vocabulary
from recommendations.selectors.clock import shop_now
from recommendations.selectors.products import AVAILABLE

_Tagged: type[Model] = Product.tags.through
_PRIME = 2_147_483_647
_FACTORS = (48_271, 69_621, 16_807, 39_373)
_CENTS = Cast(Round(F("price") * Value(100), output_field=FloatField()), BigIntegerField())


def snapshot(previous: Snapshot | None = None, *, real_now: float | None = None) -> Snapshot:
    """Return the catalogue as it is now; the previous snapshot itself if nothing has changed.

    real_now: seconds since 1970; None for this machine's clock

    8 queries; 6 if at most popularity has changed since the previous snapshot.
    """
    names = _Names(_ids_and_names(Category), _ids_and_names(Tag))
    products = _fingerprint(Product, Coalesce(F("category_id"), Value(-1)), AVAILABLE, _CENTS)
    version = (names, products, _fingerprint(_Tagged, F("tag_id")))
    now = shop_now(real_now)
    if previous is not None and previous.version == version:
        return previous.at(now, *_popularity())
    return _read_catalogue(names, version).at(now, *_popularity())


@dataclass(frozen=True, slots=True)
class _Names:
    """The ids and names of all categories and tags, sorted by id."""

    categories: tuple[tuple[int, ...], tuple[str, ...]]
    tags: tuple[tuple[int, ...], tuple[str, ...]]


def _ids_and_names(model: type[Category] | type[Tag]) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Return all ids in ascending order, and their names. 1 query."""
    ids, names = columns(model.objects.order_by("id").values_list("id", "name"), 2)
    return ids, names


def _fingerprint(model: type[Model], *parts: Combinable) -> tuple[int, int]:
    """Return the number of rows, and a checksum over them that changes with any of these parts. 1 query.

    Reading all rows finds every change, made by any program, in whatever order transactions end. A column
    with the time of the last change would miss a change that began early and committed late.
    """
    key = "product_id" if model is _Tagged else "id"
    hashed: Combinable = F(key) * _FACTORS[0]
    for factor, part in zip(_FACTORS[1 : len(parts) + 1], parts, strict=True):
        hashed = hashed + part * factor
    hashed = hashed % _PRIME
    squared = ExpressionWrapper(hashed * hashed % _PRIME, output_field=BigIntegerField())
    found = model._default_manager.aggregate(n=Count("*"), total=Sum(squared, default=0))
    return found["n"], int(found["total"])


def _popularity() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the ids of products with events, and their numbers of events. 1 query, answered by an index.

    Dismissals do not count.
    """
    ids, counts = columns(
        Interaction.objects.exclude(action_type=ActionType.DISMISS)
        .order_by()
        .values("product_id")
        .annotate(n=Count("*"))
        .values_list("product_id", "n"),
        2,
    )
    return integers(ids), integers(counts)


def _read_catalogue(names: _Names, version: Any) -> Snapshot:
    """Return every product, without popularity. 2 queries."""
    ids, categories_of, available, prices = columns(
        Product.objects.order_by("id").values_list("id", "category_id", AVAILABLE, "price"), 4
    )
    product_ids = integers(ids)
    return Snapshot.build(
        product_ids=product_ids,
        active=np.array(available, bool),
        popularity=np.zeros(len(product_ids), np.int64),
        features=Features(
            category=coded(integers(categories_of), integers(names.categories[0])),
            tags=_tags(product_ids, integers(names.tags[0])),
            categories=Vocabulary(names.categories[1]),
            tag_names=Vocabulary(names.tags[1]),
        ),
        price=np.array(prices, np.float64),
        version=version,
    )


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
    # A product or tag added between the queries is unknown here; the next snapshot includes it.
    rows, codes = coded(integers(products), product_ids), coded(integers(tags), tag_ids)
    known = (rows >= 0) & (codes >= 0)
    return Ragged(starts_of(np.bincount(rows[known], minlength=len(product_ids))), codes[known])


def with_new_products(features: Features, new_ids: NDArray[np.int64]) -> Features:
    """Return the features, extended by products that are newer than the snapshot. 2 queries.

    new_ids: sorted; the first of them gets the position after the snapshot's last product
    """
    products = Product.objects.filter(id__in=new_ids.tolist()).order_by("id")
    categories: Mapping[int, str | None] = dict(products.values_list("id", "category__name"))
    pairs = list(
        products.filter(tags__isnull=False).order_by("id", "tags__id").values_list("id", "tags__name")
    )
    new_categories = sorted({name for name in categories.values() if name} - set(features.categories.names))
    new_tags = sorted({name for _, name in pairs} - set(features.tag_names.names))
    category_code = _codes((*features.categories.names, *new_categories))
    tag_code = _codes((*features.tag_names.names, *new_tags))
    rows = coded(np.array([key for key, _ in pairs], np.int64), new_ids)
    return features.joined(
        np.array([category_code.get(categories.get(key), -1) for key in new_ids.tolist()], np.int64),
        Ragged(
            starts_of(np.bincount(rows, minlength=len(new_ids))),
            np.array([tag_code[name] for _, name in pairs], np.int64),
        ),
        new_categories,
        new_tags,
    )


def _codes(names: tuple[str, ...]) -> dict[str | None, int]:
    return {name: code for code, name in enumerate(names)}
