"""Snapshot of the catalogue as arrays: categories, tags, prices and popularity of the products."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.attributes import Attributes
from recommendations.engine.features import Features, Groups
from recommendations.engine.hashing import digest, hashes, sums
from recommendations.engine.offers import NO_OFFERS, Offers
from recommendations.engine.ragged import Ints, Ragged

# Ids of up to this many times the number of products use a lookup table instead of a binary search.
_SPARSEST = 3


@dataclass(frozen=True)
class Snapshot:
    """The whole catalogue. Positions are ordered by popularity, then by id: 0 is the most popular product.

    product_ids: shape (n_products,), every product, inactive ones too
    active:      shape (n_products,), bool, whether it may be shown: neither inactive nor sold out
    popularity:  shape (n_products,), number of interactions without dismissals, non-increasing
    price:       shape (n_products,), the current price: the sale price while an offer lasts; NaN if unknown
    regular_price: shape (n_products,), the price without offers; the same array as `price` if none counts
    offers:      the sale prices; priced_at: the time of `price`, seconds since 1970 by the real clock
    groups:      the groups of the products; None if no product has one
    attributes:  the attributes of the products; None if no product has any
    now:         seconds since 1970, by the shop's clock (`engine.clock`); 0 without events
    """

    product_ids: NDArray[np.int64]
    active: NDArray[np.bool_]
    popularity: NDArray[np.int64]
    features: Features
    price: NDArray[np.float64]
    regular_price: NDArray[np.float64]
    offers: Offers = NO_OFFERS
    priced_at: float = 0.0
    groups: Groups | None = None
    attributes: Attributes | None = None
    now: int = 0

    @classmethod
    def build(
        cls,
        *,
        product_ids: NDArray[np.int64],
        active: NDArray[np.bool_],
        popularity: NDArray[np.int64],
        features: Features,
        price: NDArray[np.float64] | None = None,
        offers: Offers = NO_OFFERS,
        priced_at: float = 0.0,
        groups: Groups | None = None,
        attributes: Attributes | None = None,
        now: int = 0,
    ) -> "Snapshot":
        """Return the snapshot of products given in any order. Raises ValueError when lengths differ.

        price: without offers
        """
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
            price=(regular := price[order]),
            regular_price=regular,
            groups=groups.taken(order) if groups else None,
            attributes=attributes.taken(order) if attributes else None,
            now=now,
        ).with_prices(regular, offers, priced_at)

    def __len__(self) -> int:
        return len(self.product_ids)

    @cached_property
    def next_price_change(self) -> float:
        """The next time after `priced_at` at which an offer begins or ends; infinity for none."""
        return self.offers.next_change(self.priced_at)

    def is_priced(self, now: float) -> bool:
        """Return whether the prices are those of this time, seconds since 1970."""
        return self.priced_at <= now < self.next_price_change or not len(self.offers)

    def priced(self, now: float) -> "Snapshot":
        """Return the same catalogue with the prices of this time, seconds since 1970."""
        other = self.with_prices(self.regular_price, self.offers, now)
        self.share_cached(other)
        return other

    def with_prices(self, regular: NDArray[np.float64], offers: Offers, now: float) -> "Snapshot":
        """Return the same catalogue with other prices and offers, as of this time."""
        price = regular
        if len(offers):
            counting = offers.counting(now)
            positions = self.locate(offers.product_ids[counting])
            known = positions >= 0
            price = regular.copy()
            price[positions[known]] = offers.price[counting][known]
        return replace(self, price=price, regular_price=regular, offers=offers, priced_at=now)

    @cached_property
    def stamp(self) -> str:
        """Hash of the catalogue without popularity and time. Snapshots with the same content have the same.

        It depends neither on the order of the products nor on the codes of their categories and tags, so it
        is the same in every process, whether the snapshot was read or patched.
        """
        features = self.features
        category = np.append(hashes(features.categories.names), np.uint64(0))[features.category]
        tags = sums(hashes(features.tag_names.names)[features.tags.flat], features.tags.starts)
        price = np.ascontiguousarray(self.price).view(np.uint64)
        columns = [self.product_ids, category, tags, price, self.active]
        if self.groups:
            columns.append(np.append(hashes(self.groups.names.names), np.uint64(0))[self.groups.codes])
        if self.attributes:
            values = self.attributes.values
            columns.append(sums(hashes(self.attributes.names)[values.flat], values.starts))
        return digest(*columns)

    @cached_property
    def activity_stamp(self) -> str:
        """Hash of the popularity of the products and the time."""
        return f"{self.now}-{digest(self.product_ids, self.popularity)}"

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
            price=self.regular_price,
            offers=self.offers,
            priced_at=self.priced_at,
            groups=self.groups,
            attributes=self.attributes,
            now=now,
        )

    def differs_in_prices_only(self, other: "Snapshot") -> bool:
        """Return whether both differ in nothing that retrievers look at besides prices and availability.

        No array is compared.
        """
        return (
            self.features is other.features
            and self.product_ids is other.product_ids
            and self.popularity is other.popularity
            and self.now == other.now
        )

    def counted(self, ids: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the counts by position, shape (n_products,), 0 for products that are not given."""
        popularity = np.zeros(len(self), np.int64)
        positions = self.locate(ids)
        popularity[positions[positions >= 0]] = counts[positions >= 0]
        return popularity

    def share_cached(self, other: "Snapshot") -> None:
        """Let a snapshot of the same ids and popularity use what was computed from these."""
        for name in ("_by_id", "_sorted_ids", "_places", "activity_stamp"):
            if name in self.__dict__:
                other.__dict__[name] = self.__dict__[name]


def _sorted(features: Features, order: NDArray[np.int64]) -> Features:
    """Return the features of the products in another order, with int32 codes."""
    tags = features.tags.take(order)
    return replace(
        features,
        category=features.category[order].astype(np.int32),
        tags=Ragged(tags.starts, tags.flat.astype(np.int32)),
    )
