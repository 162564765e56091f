"""Snapshot of the catalogue as arrays: categories, tags, prices and popularity of the products."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.attributes import Attributes
from recommendations.engine.offers import NO_OFFERS, Offer, Offers
from recommendations.engine.postings import PostingLists
from recommendations.engine.ragged import Ints, Ragged, starts_of

# Ids of up to this many times the number of products use a lookup table instead of a binary search.
_SPARSEST = 3


@dataclass(frozen=True)
class Vocabulary:
    """Names of codes. names: the name of each code; codes count from 0, and -1 means "none"."""

    names: tuple[str, ...]

    @cached_property
    def codes(self) -> dict[str, int]:
        """The code of each name."""
        return {name: code for code, name in enumerate(self.names)}

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
    def used_categories(self) -> frozenset[str]:
        """The names of the categories that have a product."""
        codes = np.unique(self.category)
        return frozenset([self.categories.names[code] for code in codes[codes >= 0].tolist()])

    @cached_property
    def postings(self) -> PostingLists:
        """The posting lists, computed once and shared by all strategies; 20 MB for a million products."""
        return PostingLists.of(
            self.category,
            self.tags,
            n_categories=len(self.categories.names),
            n_tags=len(self.tag_names.names),
        )

    def names_at(self, position: int) -> tuple[str | None, tuple[str, ...]]:
        """Return the names of the product's category, or None, and of its tags, sorted."""
        code = int(self.category[position])
        tags = sorted([self.tag_names.names[tag] for tag in self.tags[position].tolist()])
        return (self.categories.names[code] if code >= 0 else None), tuple(tags)

    def extended(self, products: Sequence[tuple[str | None, tuple[str, ...]]]) -> "Features":
        """Return these products, followed by others with these names of category and tags."""
        named, category, tags = self._coded(products)
        return replace(named, category=np.concatenate([self.category, category]), tags=self.tags.joined(tags))

    def patched(self, products: Mapping[int, tuple[str | None, tuple[str, ...]]]) -> "Features":
        """Return the same products, those at these positions with other names of category and tags."""
        named, category, tags = self._coded(list(products.values()))
        at = np.array(list(products), np.int64)
        categories, rows = self.category.copy(), np.arange(len(self.category))
        categories[at] = category
        rows[at] = len(rows) + np.arange(len(at))
        return replace(named, category=categories, tags=self.tags.joined(tags).take(rows))

    def _coded(
        self, products: Sequence[tuple[str | None, tuple[str, ...]]]
    ) -> tuple["Features", Ints, Ragged]:
        """Return these features with the names of the products added, and the products' codes."""
        categories = _extended(self.categories, sorted({name for name, _ in products if name is not None}))
        tag_names = _extended(self.tag_names, sorted({tag for _, tags in products for tag in tags}))
        category_codes, tag_codes = categories.codes, tag_names.codes
        category = np.array(
            [-1 if name is None else category_codes[name] for name, _ in products], self.category.dtype
        )
        flat = np.array([tag_codes[tag] for _, tags in products for tag in tags], self.tags.flat.dtype)
        starts = starts_of(np.array([len(tags) for _, tags in products], np.int64))
        return replace(self, categories=categories, tag_names=tag_names), category, Ragged(starts, flat)


def _extended(names: Vocabulary, more: Sequence[str]) -> Vocabulary:
    """Return the vocabulary with those of the names that it lacks; itself when it has them all."""
    missing = [name for name in more if name not in names.codes]
    return Vocabulary((*names.names, *missing)) if missing else names


@dataclass(frozen=True)
class Groups:
    """The groups of products: the variants of one article have the same.

    codes: shape (n_products,), int32, codes of the names, -1 for a product without a group
    """

    codes: Ints
    names: Vocabulary

    @classmethod
    def of(cls, n_products: int, positions: NDArray[np.int64], names: Sequence[str]) -> "Groups | None":
        """Return the groups of n products, None without any.

        positions: of the products that have a group, -1 for none; names: the group of each
        """
        return cls(np.full(n_products, -1, np.int32), Vocabulary(())).patched(positions, names)

    def patched(self, positions: NDArray[np.int64], names: Sequence[str]) -> "Groups | None":
        """Return the groups, with those of the products at these positions, "" for none; None without any."""
        vocabulary = _extended(self.names, list(dict.fromkeys(filter(None, names))))
        codes = self.codes.copy()
        known = positions >= 0
        codes[positions[known]] = np.array([vocabulary.codes.get(name, -1) for name in names], np.int32)[
            known
        ]
        return Groups(codes, vocabulary) if (codes >= 0).any() else None

    def taken(self, positions: NDArray[np.int64]) -> "Groups":
        """Return the groups of the products at these positions, in this order."""
        return replace(self, codes=self.codes[positions])

    def extended(self, n: int) -> "Groups":
        """Return the groups, followed by n products without one."""
        return replace(self, codes=np.concatenate([self.codes, np.full(n, -1, np.int32)]))

    def name_at(self, position: int) -> str:
        """Return the name of the product's group, "" for none."""
        code = int(self.codes[position])
        return self.names.names[code] if code >= 0 else ""


class ProductState(NamedTuple):
    """What a snapshot holds of one product.

    category, tags, group: names, group "" for none; offer: None without a sale price; popularity: as in
    `Snapshot`; attributes: as in `engine.attributes`
    """

    is_active: bool
    category: str | None
    tags: tuple[str, ...]
    price: float
    popularity: int = 0
    offer: Offer | None = None
    group: str = ""
    attributes: tuple[str, ...] = ()


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
        )._priced(regular, offers, priced_at)

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
        other = self._priced(self.regular_price, self.offers, now)
        _copy_cached(self, other)
        return other

    def _priced(self, regular: NDArray[np.float64], offers: Offers, now: float) -> "Snapshot":
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
        category = np.append(_hashes(features.categories.names), np.uint64(0))[features.category]
        tags = _sums(_hashes(features.tag_names.names)[features.tags.flat], features.tags.starts)
        price = np.ascontiguousarray(self.price).view(np.uint64)
        columns = [self.product_ids, category, tags, price, self.active]
        if self.groups:
            columns.append(np.append(_hashes(self.groups.names.names), np.uint64(0))[self.groups.codes])
        if self.attributes:
            values = self.attributes.values
            columns.append(_sums(_hashes(self.attributes.names)[values.flat], values.starts))
        return _digest(*columns)

    @cached_property
    def activity_stamp(self) -> str:
        """Hash of the popularity of the products and the time."""
        return f"{self.now}-{_digest(self.product_ids, self.popularity)}"

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

    def patched(self, states: Mapping[int, ProductState | None]) -> "Snapshot":
        """Return the catalogue with these products as they are now; self when nothing differs.

        states: by id, None for products that do not exist; popularity counts for new products only
        """
        ids = np.array(list(states), np.int64)
        positions = self.locate(ids)
        old, new, gone = [], [], []
        for key, position in zip(ids.tolist(), positions.tolist(), strict=True):
            state = states[key]
            if state is None:
                gone += [position] if position >= 0 else []
            elif position < 0:
                new.append((key, state))
            else:
                old.append((position, state))
        same = self._with_states(old)
        return same._with_rows(gone, new) if gone or new else same

    def _with_states(self, states: list[tuple[int, ProductState]]) -> "Snapshot":
        """Return the catalogue with other states at these positions; self when nothing differs."""
        features = self.features
        changed = [
            (at, state) for at, state in states if features.names_at(at) != (state.category, state.tags)
        ]
        if changed:
            features = features.patched({at: (state.category, state.tags) for at, state in changed})
        at = np.array([at for at, _ in states], np.int64)
        is_active = np.array([state.is_active for _, state in states], bool)
        price = np.array([state.price for _, state in states], np.float64)
        active, prices = _with(self.active, at, is_active), _with(self.regular_price, at, price)
        offers = self._offers_after({int(self.product_ids[at]): state for at, state in states})
        groups = self._groups_after([(at, state.group) for at, state in states])
        is_same = active is self.active and prices is self.regular_price and offers is self.offers
        attributes = self._attributes_after([(at, state.attributes) for at, state in states])
        is_same_otherwise = groups is self.groups and attributes is self.attributes
        if features is self.features and is_same_otherwise and is_same:
            return self
        other = replace(self, features=features, active=active, groups=groups, attributes=attributes)
        if not is_same:
            other = other._priced(prices, offers, self.priced_at)
        _copy_cached(self, other)
        return other

    def _offers_after(self, states: Mapping[int, ProductState | None]) -> Offers:
        """Return the offers, with those of these products as they are now; the same object without any."""
        new = [(key, state.offer) for key, state in states.items() if state and state.offer]
        if not new and not np.isin(self.offers.product_ids, list(states)).any():
            return self.offers
        return self.offers.replaced(states, new)

    def _attributes_of_rows(self, left: NDArray[np.int64], new: list[tuple[str, ...]]) -> Attributes | None:
        """Return the attributes of the products at these positions, followed by new products."""
        if self.attributes is None and not any(new):
            return None
        kept = self.attributes.taken(left) if self.attributes else Attributes.none(len(left))
        return kept.extended(len(new)).patched(len(left) + np.arange(len(new)), new)

    def _attributes_after(self, named: list[tuple[int, tuple[str, ...]]]) -> Attributes | None:
        """Return the attributes, with those of the products at these positions; the same if none differs."""
        found = self.attributes or Attributes.none(len(self))
        changed = [(at, keys) for at, keys in named if found.keys_at(at) != keys]
        if not changed:
            return self.attributes
        return found.patched(np.array([at for at, _ in changed], np.int64), [keys for _, keys in changed])

    def _groups_of_rows(self, left: NDArray[np.int64], new: list[str]) -> Groups | None:
        """Return the groups of the products at these positions, followed by new products."""
        if self.groups is None and not any(new):
            return None
        kept = (
            self.groups.taken(left)
            if self.groups
            else Groups(np.full(len(left), -1, np.int32), Vocabulary(()))
        )
        return kept.extended(len(new)).patched(len(left) + np.arange(len(new)), new)

    def _groups_after(self, named: list[tuple[int, str]]) -> Groups | None:
        """Return the groups, with those of the products at these positions; the same if none differs."""
        groups = self.groups or Groups(np.full(len(self), -1, np.int32), Vocabulary(()))
        changed = [(at, name) for at, name in named if groups.name_at(at) != name]
        if not changed:
            return self.groups
        return groups.patched(np.array([at for at, _ in changed], np.int64), [name for _, name in changed])

    def _with_rows(self, gone: list[int], new: list[tuple[int, ProductState]]) -> "Snapshot":
        """Return the catalogue without the products at the positions `gone`, and with new ones."""
        kept = np.ones(len(self), bool)
        kept[gone] = False
        changed: dict[int, ProductState | None] = {
            **dict.fromkeys(self.product_ids[gone].tolist()),
            **dict(new),
        }
        ids = np.array([key for key, _ in new], np.int64)
        states = [state for _, state in new]
        left = np.flatnonzero(kept)
        features = replace(
            self.features, category=self.features.category[left], tags=self.features.tags.take(left)
        ).extended([(state.category, state.tags) for state in states])
        return Snapshot.build(
            product_ids=np.concatenate([self.product_ids[left], ids]),
            active=np.concatenate([self.active[left], np.array([s.is_active for s in states], bool)]),
            popularity=np.concatenate(
                [self.popularity[left], np.array([s.popularity for s in states], np.int64)]
            ),
            features=features,
            price=np.concatenate([self.regular_price[left], np.array([s.price for s in states], np.float64)]),
            offers=self._offers_after(changed),
            groups=self._groups_of_rows(left, [state.group for state in states]),
            attributes=self._attributes_of_rows(left, [state.attributes for state in states]),
            priced_at=self.priced_at,
            now=self.now,
        )


def _copy_cached(one: Snapshot, other: Snapshot) -> None:
    """Let a snapshot of the same ids and popularity use what was computed from these."""
    for name in ("_by_id", "_sorted_ids", "_places", "activity_stamp"):
        if name in one.__dict__:
            other.__dict__[name] = one.__dict__[name]


def _with(values: NDArray[Any], at: NDArray[np.int64], new: NDArray[Any]) -> NDArray[Any]:
    """Return the values with new ones at these places; the array itself when nothing differs."""
    if np.array_equal(values[at], new, equal_nan=values.dtype.kind == "f"):
        return values
    values = values.copy()
    values[at] = new
    return values


def _digest(*columns: NDArray[Any]) -> str:
    """Return a hash of the rows of these columns, whatever their order: 128 bits and their number."""
    rows = np.zeros(len(columns[0]), np.uint64)
    for column in columns:
        rows = _mixed(rows ^ column.astype(np.uint64))
    sums = [int(lane.sum(dtype=np.uint64)) for lane in (rows, _mixed(rows))]
    return f"{len(rows)}-{sums[0]:016x}{sums[1]:016x}"


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the values scattered over all 64 bits (SplitMix64: Steele, Lea & Flood, 2014)."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _hashes(names: Sequence[str]) -> NDArray[np.uint64]:
    """Return a hash of each name, shape (n_names,)."""
    digests = [
        hashlib.blake2b(name.encode("utf-8", "backslashreplace"), digest_size=8).digest() for name in names
    ]
    return np.frombuffer(b"".join(digests), "<u8").astype(np.uint64)


def _sums(values: NDArray[np.uint64], starts: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return the sum of each row of a Ragged with these starts, modulo 2**64."""
    totals = np.concatenate([np.zeros(1, np.uint64), np.cumsum(values, dtype=np.uint64)])
    return totals[starts[1:]] - totals[starts[:-1]]


def _sorted(features: Features, order: NDArray[np.int64]) -> Features:
    """Return the features of the products in another order, with int32 codes."""
    tags = features.tags.take(order)
    return replace(
        features,
        category=features.category[order].astype(np.int32),
        tags=Ragged(tags.starts, tags.flat.astype(np.int32)),
    )
