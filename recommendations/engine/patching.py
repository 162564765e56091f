"""A snapshot with some products as they are now, the same as if all products had been read anew."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.attributes import Attributes
from recommendations.engine.features import Groups, Vocabulary
from recommendations.engine.offers import Offer, Offers
from recommendations.engine.snapshot import Snapshot


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


def patched(snapshot: Snapshot, states: Mapping[int, ProductState | None]) -> Snapshot:
    """Return the catalogue with these products as they are now; the snapshot itself when nothing differs.

    states: by id, None for products that do not exist; popularity counts for new products only
    """
    ids = np.array(list(states), np.int64)
    positions = snapshot.locate(ids)
    old, new, gone = [], [], []
    for key, position in zip(ids.tolist(), positions.tolist(), strict=True):
        state = states[key]
        if state is None:
            gone += [position] if position >= 0 else []
        elif position < 0:
            new.append((key, state))
        else:
            old.append((position, state))
    same = _with_states(snapshot, old)
    return _with_rows(same, gone, new) if gone or new else same


def _with_states(snapshot: Snapshot, states: list[tuple[int, ProductState]]) -> Snapshot:
    """Return the catalogue with other states at these positions; the snapshot itself when nothing differs."""
    features = snapshot.features
    changed = [(at, state) for at, state in states if features.names_at(at) != (state.category, state.tags)]
    if changed:
        features = features.patched({at: (state.category, state.tags) for at, state in changed})
    at = np.array([at for at, _ in states], np.int64)
    is_active = np.array([state.is_active for _, state in states], bool)
    price = np.array([state.price for _, state in states], np.float64)
    active, prices = _with(snapshot.active, at, is_active), _with(snapshot.regular_price, at, price)
    offers = _offers_after(snapshot, {int(snapshot.product_ids[at]): state for at, state in states})
    groups = _groups_after(snapshot, [(at, state.group) for at, state in states])
    is_same = active is snapshot.active and prices is snapshot.regular_price and offers is snapshot.offers
    attributes = _attributes_after(snapshot, [(at, state.attributes) for at, state in states])
    is_same_otherwise = groups is snapshot.groups and attributes is snapshot.attributes
    if features is snapshot.features and is_same_otherwise and is_same:
        return snapshot
    other = replace(snapshot, features=features, active=active, groups=groups, attributes=attributes)
    if not is_same:
        other = other.with_prices(prices, offers, snapshot.priced_at)
    snapshot.share_cached(other)
    return other


def _offers_after(snapshot: Snapshot, states: Mapping[int, ProductState | None]) -> Offers:
    """Return the offers, with those of these products as they are now; the same object without any."""
    new = [(key, state.offer) for key, state in states.items() if state and state.offer]
    if not new and not np.isin(snapshot.offers.product_ids, list(states)).any():
        return snapshot.offers
    return snapshot.offers.replaced(states, new)


def _attributes_of_rows(
    snapshot: Snapshot, left: NDArray[np.int64], new: list[tuple[str, ...]]
) -> Attributes | None:
    """Return the attributes of the products at these positions, followed by new products."""
    if snapshot.attributes is None and not any(new):
        return None
    kept = snapshot.attributes.taken(left) if snapshot.attributes else Attributes.none(len(left))
    return kept.extended(len(new)).patched(len(left) + np.arange(len(new)), new)


def _attributes_after(snapshot: Snapshot, named: list[tuple[int, tuple[str, ...]]]) -> Attributes | None:
    """Return the attributes, with those of the products at these positions; the same if none differs."""
    found = snapshot.attributes or Attributes.none(len(snapshot))
    changed = [(at, keys) for at, keys in named if found.keys_at(at) != keys]
    if not changed:
        return snapshot.attributes
    return found.patched(np.array([at for at, _ in changed], np.int64), [keys for _, keys in changed])


def _groups_of_rows(snapshot: Snapshot, left: NDArray[np.int64], new: list[str]) -> Groups | None:
    """Return the groups of the products at these positions, followed by new products."""
    if snapshot.groups is None and not any(new):
        return None
    kept = (
        snapshot.groups.taken(left)
        if snapshot.groups
        else Groups(np.full(len(left), -1, np.int32), Vocabulary(()))
    )
    return kept.extended(len(new)).patched(len(left) + np.arange(len(new)), new)


def _groups_after(snapshot: Snapshot, named: list[tuple[int, str]]) -> Groups | None:
    """Return the groups, with those of the products at these positions; the same if none differs."""
    groups = snapshot.groups or Groups(np.full(len(snapshot), -1, np.int32), Vocabulary(()))
    changed = [(at, name) for at, name in named if groups.name_at(at) != name]
    if not changed:
        return snapshot.groups
    return groups.patched(np.array([at for at, _ in changed], np.int64), [name for _, name in changed])


def _with_rows(snapshot: Snapshot, gone: list[int], new: list[tuple[int, ProductState]]) -> Snapshot:
    """Return the catalogue without the products at the positions `gone`, and with new ones."""
    kept = np.ones(len(snapshot), bool)
    kept[gone] = False
    changed: dict[int, ProductState | None] = {
        **dict.fromkeys(snapshot.product_ids[gone].tolist()),
        **dict(new),
    }
    ids = np.array([key for key, _ in new], np.int64)
    states = [state for _, state in new]
    left = np.flatnonzero(kept)
    features = replace(
        snapshot.features, category=snapshot.features.category[left], tags=snapshot.features.tags.take(left)
    ).extended([(state.category, state.tags) for state in states])
    return Snapshot.build(
        product_ids=np.concatenate([snapshot.product_ids[left], ids]),
        active=np.concatenate([snapshot.active[left], np.array([s.is_active for s in states], bool)]),
        popularity=np.concatenate(
            [snapshot.popularity[left], np.array([s.popularity for s in states], np.int64)]
        ),
        features=features,
        price=np.concatenate([snapshot.regular_price[left], np.array([s.price for s in states], np.float64)]),
        offers=_offers_after(snapshot, changed),
        groups=_groups_of_rows(snapshot, left, [state.group for state in states]),
        attributes=_attributes_of_rows(snapshot, left, [state.attributes for state in states]),
        priced_at=snapshot.priced_at,
        now=snapshot.now,
    )


def _with(values: NDArray[Any], at: NDArray[np.int64], new: NDArray[Any]) -> NDArray[Any]:
    """Return the values with new ones at these places; the array itself when nothing differs."""
    if np.array_equal(values[at], new, equal_nan=values.dtype.kind == "f"):
        return values
    values = values.copy()
    values[at] = new
    return values
