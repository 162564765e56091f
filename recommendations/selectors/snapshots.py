"""The catalogue, read into arrays."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from django.db.models import Count, Max
from numpy.typing import NDArray

from catalog.models import Category, Interaction, Product, Tag
from recommendations.engine.ragged import Ragged, starts_of
from recommendations.engine.snapshot import Features, Snapshot, Vocabulary
from recommendations.selectors.rows import columns, integers


def snapshot(previous: Snapshot | None = None) -> Snapshot:
    """Return the catalogue as it is now; the previous snapshot itself when nothing has changed since.

    9 queries; 5 when only popularity may have changed since the previous one.
    """
    version = _version()
    product_ids, counts = _popularity()
    if previous is not None and previous.version == version:
        return previous.with_popularity(product_ids, counts)
    fresh = _catalogue(version)
    return fresh.with_popularity(product_ids, counts)


def _version() -> tuple[Any, ...]:
    """Return what changes with every change of the catalogue. 4 queries.

    Every way of writing through the models moves updated_at, their querysets' update() included; tags
    added to a product or taken from it change the number of the rows between, or their highest id.
    """
    return (
        tuple(Product.objects.aggregate(Count("id"), Max("updated_at")).values()),
        tuple(Category.objects.aggregate(Count("id"), Max("updated_at")).values()),
        tuple(Tag.objects.aggregate(Count("id"), Max("updated_at")).values()),
        tuple(Product.tags.through.objects.aggregate(Count("id"), Max("id")).values()),
    )


def _popularity() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the products with events, and how many each has. 1 query, answered by an index."""
    ids, counts = columns(
        Interaction.objects.order_by()
        .values("product_id")
        .annotate(n=Count("*"))
        .values_list("product_id", "n"),
        2,
    )
    return integers(ids), integers(counts)


def _catalogue(version: tuple[Any, ...]) -> Snapshot:
    """Return every product, without popularity. 4 queries."""
    category_codes, categories = _vocabulary(Category)
    tag_codes, tag_names = _vocabulary(Tag)
    ids, categories_of, active = columns(
        Product.objects.order_by("id").values_list("id", "category_id", "is_active"), 3
    )
    product_ids = integers(ids)
    return Snapshot.build(
        product_ids=product_ids,
        active=np.array(active, bool),
        popularity=np.zeros(len(product_ids), np.int64),
        features=Features(
            category=coded(integers(categories_of), category_codes),
            tags=_tags(product_ids, tag_codes),
            categories=categories,
            tag_names=tag_names,
        ),
        version=version,
    )


def _vocabulary(model: type[Category] | type[Tag]) -> tuple[NDArray[np.int64], Vocabulary]:
    """Return the sorted ids (a name's code is its id's place among them), and the names. 1 query."""
    ids, names = columns(model.objects.order_by("id").values_list("id", "name"), 2)
    return integers(ids), Vocabulary(names)


def coded(ids: NDArray[np.int64], known: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return each id's place among the known ones, which are sorted; -1 for one that is not known."""
    if not len(known):
        return np.full(len(ids), -1, np.int64)
    place = np.minimum(np.searchsorted(known, ids), len(known) - 1)
    return np.where(known[place] == ids, place, -1)


def _tags(product_ids: NDArray[np.int64], tag_codes: NDArray[np.int64]) -> Ragged:
    """Return the tags of each product, in the order of the given ids, which are sorted. 1 query."""
    products, tags = columns(
        Product.tags.through.objects.order_by("product_id", "tag_id").values_list("product_id", "tag_id"), 2
    )
    # What was added between the queries, to a product or a tag not yet read, waits for the next time.
    rows, codes = coded(integers(products), product_ids), coded(integers(tags), tag_codes)
    known = (rows >= 0) & (codes >= 0)
    return Ragged(starts_of(np.bincount(rows[known], minlength=len(product_ids))), codes[known])


def joined_by_young(features: Features, young_ids: NDArray[np.int64]) -> Features:
    """Return the features completed by products that are younger than the snapshot. 2 queries.

    young_ids: sorted; the first of them gets the position after the last product of the snapshot
    """
    products = Product.objects.filter(id__in=young_ids.tolist()).order_by("id")
    categories: Mapping[int, str | None] = dict(products.values_list("id", "category__name"))
    pairs = list(
        products.filter(tags__isnull=False).order_by("id", "tags__id").values_list("id", "tags__name")
    )
    new_categories = sorted({name for name in categories.values() if name} - set(features.categories.names))
    new_tags = sorted({name for _, name in pairs} - set(features.tag_names.names))
    category_code = _codes((*features.categories.names, *new_categories))
    tag_code = _codes((*features.tag_names.names, *new_tags))
    rows = coded(np.array([key for key, _ in pairs], np.int64), young_ids)
    return features.joined(
        np.array([category_code.get(categories.get(key), -1) for key in young_ids.tolist()], np.int64),
        Ragged(
            starts_of(np.bincount(rows, minlength=len(young_ids))),
            np.array([tag_code[name] for _, name in pairs], np.int64),
        ),
        new_categories,
        new_tags,
    )


def _codes(names: tuple[str, ...]) -> dict[str | None, int]:
    return {name: code for code, name in enumerate(names)}
