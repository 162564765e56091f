"""Snapshot of the catalogue as arrays: categories, tags, prices and popularity of the products."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.postings import PostingLists
from recommendations.engine.ragged import Ints, Ragged

# Ids of up to this many times the number of products use a lookup table instead of a binary search.
_SPARSEST = 3


@dataclass(frozen=True)
class Vocabulary:
    """Names of codes. names: the name of each code; codes count from 0, and -1 means "none"."""

    names: tuple[str, ...]

    @cached_property
    def rank(self) -> NDArray[np.int64]:
        """The rank of each code in the code-point order of the names, shape (n_codes,)."""
        rank = np.empty(len(self.names), np.int64)
        rank[sorted(range(len(self.names)), key=self.names.__getitem__)] = np.arange(len(self.names))
        return rank


@dataclass(frozen=True)
class Features:
    """Categories and tags of products.

    category:   shape (n_products,), category codes, -1 for none
    tags:       one row a product, tag codes without duplicates
    """

    category: Ints
    tags: Ragged
    categories: Vocabulary
    tag_names: Vocabulary

    @cached_property
    def ranks(self) -> NDArray[np.int64]:
        """The ranks of the names of categories, then of tags, shape (n_categories + n_tags,)."""
        return np.concatenate([self.categories.rank, self.tag_names.rank])

    @cached_property
    def postings(self) -> PostingLists:
        """The posting lists, computed once and shared by all strategies; 20 MB for a million products."""
        return PostingLists.of(
            self.category,
            self.tags,
            n_categories=len(self.categories.names),
            n_tags=len(self.tag_names.names),
        )

    def joined(
        self,
        category: NDArray[np.int64],
        tags: Ragged,
        new_categories: Sequence[str],
        new_tags: Sequence[str],
    ) -> "Features":
        """Return these products, followed by the given ones, whose codes may refer to the new names."""
        return Features(
            category=np.concatenate([self.category, category]),
            tags=self.tags.joined(tags),
            categories=Vocabulary((*self.categories.names, *new_categories)),
            tag_names=Vocabulary((*self.tag_names.names, *new_tags)),
        )


@dataclass(frozen=True)
class Snapshot:
    """The whole catalogue. Positions are ordered by popularity, then by id: 0 is the most popular product.

    product_ids: shape (n_products,), every product, inactive ones too
    active:      shape (n_products,), bool, whether it may be shown: neither inactive nor sold out
    popularity:  shape (n_products,), number of interactions without dismissals, non-increasing
    price:       shape (n_products,), NaN if unknown
    now:         seconds since 1970, by the shop's clock (`engine.clock`); 0 without events
    version:     identifies the state of the catalogue, without its popularity
    """

    product_ids: NDArray[np.int64]
    active: NDArray[np.bool_]
    popularity: NDArray[np.int64]
    features: Features
    price: NDArray[np.float64]
    now: int = 0
    version: Any = None

    @classmethod
    def build(
        cls,
        *,
        product_ids: NDArray[np.int64],
        active: NDArray[np.bool_],
        popularity: NDArray[np.int64],
        features: Features,
        price: NDArray[np.float64] | None = None,
        now: int = 0,
        version: Any = None,
    ) -> "Snapshot":
        """Return the snapshot of products given in any order. Raises ValueError when lengths differ."""
        n = len(product_ids)
        price = np.full(n, np.nan) if price is None else price
        lengths = {len(active), len(popularity), len(price), len(features.category), len(features.tags)}
        if lengths != {n}:
            raise ValueError("every array must have one entry a product")
        order = np.lexsort((product_ids, -popularity))
        return cls(
            product_ids=product_ids[order],
            active=active[order],
            popularity=popularity[order],
            features=_sorted(features, order),
            price=price[order],
            now=now,
            version=version,
        )

    def __len__(self) -> int:
        return len(self.product_ids)

    @cached_property
    def stamp(self) -> str:
        """Hash that is the same, in any process, for snapshots of the same version, time and popularity."""
        stamp = hashlib.blake2b(repr((self.version, self.now)).encode(), digest_size=16)
        for column in (self.product_ids, self.popularity):
            stamp.update(np.ascontiguousarray(column).data)
        return stamp.hexdigest()

    @cached_property
    def _by_id(self) -> Ints:
        return np.argsort(self.product_ids, kind="stable").astype(np.int32)

    @cached_property
    def _sorted_ids(self) -> NDArray[np.int64]:
        return self.product_ids[self._by_id]

    @cached_property
    def _places(self) -> Ints | None:
        """Lookup table: the position of id i at index i + 1; -1 at both ends and for unknown ids.

        None for ids so sparse that the table would take more memory than a binary search.
        """
        lowest, highest = int(self.product_ids.min(initial=0)), int(self.product_ids.max(initial=0))
        if lowest < 0 or highest > _SPARSEST * len(self):
            return None
        places = np.full(highest + 3, -1, np.int32)
        places[self.product_ids + 1] = np.arange(len(self))
        return places

    def locate(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the positions of products, -1 for unknown ids. Shape as given."""
        if not len(self):
            return np.full(np.shape(ids), -1, np.int64)
        if self._places is not None:
            return self._places.take(ids + 1, mode="clip").astype(np.int64)
        place = np.minimum(np.searchsorted(self._sorted_ids, ids), len(self) - 1)
        return np.where(self._sorted_ids[place] == ids, self._by_id[place].astype(np.int64), -1)

    def at(self, now: int, ids: NDArray[np.int64], counts: NDArray[np.int64]) -> "Snapshot":
        """Return the same catalogue at another time, with the popularity of then; self when nothing differs.

        ids, counts: shape (n_known,), the products with events and their numbers of events
        """
        popularity = self.counted(ids, counts)
        if np.array_equal(popularity, self.popularity):
            return self if now == self.now else replace(self, now=now)
        return Snapshot.build(
            product_ids=self.product_ids,
            active=self.active,
            popularity=popularity,
            features=self.features,
            price=self.price,
            now=now,
            version=self.version,
        )

    def counted(self, ids: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the counts by position, shape (n_products,), 0 for products that are not given."""
        popularity = np.zeros(len(self), np.int64)
        positions = self.locate(ids)
        popularity[positions[positions >= 0]] = counts[positions >= 0]
        return popularity


def _sorted(features: Features, order: NDArray[np.int64]) -> Features:
    """Return the features of the products in another order, with int32 codes."""
    tags = features.tags.take(order)
    return replace(
        features,
        category=features.category[order].astype(np.int32),
        tags=Ragged(tags.starts, tags.flat.astype(np.int32)),
    )
