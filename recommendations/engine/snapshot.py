"""The catalogue as arrays, at one moment: what products are made of, and how popular they are."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.postings import PostingLists
from recommendations.engine.ragged import Ints, Ragged

# Ids that go up to so many times the number of products are looked up rather than searched for.
_SPARSEST = 3


@dataclass(frozen=True)
class Vocabulary:
    """Names behind codes. names: code → name; codes count from 0 and -1 is "none"."""

    names: tuple[str, ...]

    @cached_property
    def rank(self) -> NDArray[np.int64]:
        """Each code's place in the code-point order of the names, shape (n_codes,)."""
        rank = np.empty(len(self.names), np.int64)
        rank[sorted(range(len(self.names)), key=self.names.__getitem__)] = np.arange(len(self.names))
        return rank


@dataclass(frozen=True)
class Features:
    """What products are made of.

    category:   shape (n_products,), category codes, -1 where a product has none
    tags:       one row a product, tag codes, none twice
    """

    category: Ints
    tags: Ragged
    categories: Vocabulary
    tag_names: Vocabulary

    @cached_property
    def ranks(self) -> NDArray[np.int64]:
        """The places of names among their kind, shape (n_categories + n_tags,): categories, then tags."""
        return np.concatenate([self.categories.rank, self.tag_names.rank])

    @cached_property
    def postings(self) -> PostingLists:
        """Made once, for every strategy over these products: at a million of them they take 20 MB."""
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
        """Return these products and then the given ones, whose codes may reach into the new names."""
        return Features(
            category=np.concatenate([self.category, category]),
            tags=self.tags.joined(tags),
            categories=Vocabulary((*self.categories.names, *new_categories)),
            tag_names=Vocabulary((*self.tag_names.names, *new_tags)),
        )


@dataclass(frozen=True)
class Snapshot:
    """The whole catalogue. A product's position is its place by popularity, then by id: 0 is the favourite.

    product_ids: shape (n_products,), every product, inactive ones too
    active:      shape (n_products,), bool, what may be shown: neither inactive nor sold out
    popularity:  shape (n_products,), number of interactions but dismissals, never rising
    price:       shape (n_products,), NaN where it is not known
    now:         seconds since 1970, what the shop's clock says, see `engine.clock`; 0 without any event
    version:     whatever tells two states of the catalogue (not of its popularity) apart
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
        """What is the same of snapshots of which nobody can tell one from the other, in any process."""
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
        """The position of each id, in the place after it; -1 at both ends and where there is none.

        None where ids lie so far apart that this would take more memory than to search for them.
        """
        lowest, highest = int(self.product_ids.min(initial=0)), int(self.product_ids.max(initial=0))
        if lowest < 0 or highest > _SPARSEST * len(self):
            return None
        places = np.full(highest + 3, -1, np.int32)
        places[self.product_ids + 1] = np.arange(len(self))
        return places

    def locate(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the positions of products, -1 for those that are not in here. Shape as given."""
        if not len(self):
            return np.full(np.shape(ids), -1, np.int64)
        if self._places is not None:
            return self._places.take(ids + 1, mode="clip").astype(np.int64)
        place = np.minimum(np.searchsorted(self._sorted_ids, ids), len(self) - 1)
        return np.where(self._sorted_ids[place] == ids, self._by_id[place].astype(np.int64), -1)

    def at(self, now: int, ids: NDArray[np.int64], counts: NDArray[np.int64]) -> "Snapshot":
        """Return the same catalogue at another moment, by its popularity then; itself when nothing differs.

        ids, counts: shape (n_known,), the products with events, and how many; the others have none
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
        """Return the counts by position, shape (n_products,)."""
        popularity = np.zeros(len(self), np.int64)
        positions = self.locate(ids)
        popularity[positions[positions >= 0]] = counts[positions >= 0]
        return popularity


def _sorted(features: Features, order: NDArray[np.int64]) -> Features:
    """Return the features of the products in another order, their codes in half the width."""
    tags = features.tags.take(order)
    return replace(
        features,
        category=features.category[order].astype(np.int32),
        tags=Ragged(tags.starts, tags.flat.astype(np.int32)),
    )
