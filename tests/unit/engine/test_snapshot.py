"""Snapshots of the catalogue."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommendations.engine.attributes import Attributes
from recommendations.engine.features import Features, Groups, Vocabulary
from recommendations.engine.offers import Offer, Offers
from recommendations.engine.patching import ProductState, patched
from recommendations.engine.ragged import Ragged, empty, starts_of
from recommendations.engine.snapshot import Snapshot
from tests.worlds import Article, World

WORLD = World(
    {
        30: Article("B", frozenset({"x"}), popularity=1),
        10: Article("A", frozenset({"x", "y"}), popularity=1),
        20: Article(None, active=False, popularity=5),
    }
)


class TestSnapshot:
    def test_puts_the_most_popular_first_and_then_the_lower_id(self):
        assert WORLD.snapshot().product_ids.tolist() == [20, 10, 30]

    def test_moves_every_array_into_that_order(self):
        snapshot = WORLD.snapshot()
        names = snapshot.features.tag_names.names

        assert snapshot.active.tolist() == [False, True, True]
        assert snapshot.popularity.tolist() == [5, 1, 1]
        assert [sorted(names[code] for code in snapshot.features.tags[row]) for row in range(3)] == [
            [],
            ["x", "y"],
            ["x"],
        ]

    def test_locates_products_and_says_which_are_not_there(self):
        assert WORLD.snapshot().locate(np.array([30, 99, 20, 5])).tolist() == [2, -1, 0, -1]

    @pytest.mark.parametrize("key", [10, 10_000_000_000], ids=["near", "far apart"])
    @pytest.mark.parametrize("strange", [-1, 0, 29, 31, 10**10 + 1, 2**63 - 1])
    def test_locates_products_however_far_apart_their_ids_lie(self, key: int, strange: int):
        snapshot = World({30: Article("A"), 20: Article("A"), key: Article("A", popularity=1)}).snapshot()

        assert snapshot.locate(np.array([key, strange, 30])).tolist() == [0, -1, 2]

    def test_locates_nothing_in_an_empty_catalogue(self):
        assert World({}).snapshot().locate(np.array([1])).tolist() == [-1]

    def test_takes_new_popularity_and_sorts_again(self):
        renewed = WORLD.snapshot().at(0, np.array([30, 10, 77]), np.array([9, 2, 4]))

        assert renewed.product_ids.tolist() == [30, 10, 20]
        assert renewed.popularity.tolist() == [9, 2, 0]

    def test_stays_itself_when_popularity_has_not_changed(self):
        snapshot = WORLD.snapshot()

        assert snapshot.at(snapshot.now, np.array([20, 10, 30]), np.array([5, 1, 1])) is snapshot

    def test_refuses_arrays_of_different_lengths(self):
        features = Features(np.zeros(1, np.int64), empty(1), Vocabulary(("A",)), Vocabulary(()))

        with pytest.raises(ValueError, match="one entry a product"):
            Snapshot.build(
                product_ids=np.array([1, 2]),
                active=np.array([True]),
                popularity=np.array([0]),
                features=features,
            )


class TestVocabulary:
    def test_ranks_names_in_code_point_order(self):
        assert Vocabulary(("é", "b", "B", "a")).rank.tolist() == [3, 2, 0, 1]


class TestStamp:
    def test_is_the_same_of_snapshots_that_nobody_can_tell_apart(self):
        assert small().stamp == small().stamp

    @pytest.mark.parametrize(
        "other",
        [
            {"product_ids": np.array([10, 20, 31])},
            {"active": np.array([True, True, False])},
            {"price": np.array([1, 2, 3.01])},
            {"category": np.array([0, 1, -1])},
            {"tags": Ragged(np.array([0, 1, 1, 2]), np.array([0, 0]))},
        ],
        ids=lambda other: next(iter(other)),
    )
    def test_changes_with(self, other: dict[str, Any]):
        assert small(**other).stamp != small().stamp

    def test_does_not_depend_on_codes(self):
        """A patched snapshot may have other codes than one that was read."""
        other = small(category=np.array([1, 0, 0]), names=("d", "c"))

        assert other.stamp == small().stamp

    def test_leaves_popularity_and_time_to_another_one(self):
        other = small(popularity=np.array([5, 5, 6]))

        assert other.stamp == small().stamp
        assert other.activity_stamp != small().activity_stamp
        assert small(now=8).activity_stamp != small().activity_stamp
        assert small().activity_stamp == small().activity_stamp


def small(
    category: Any = (0, 1, 1), tags: Ragged | None = None, names: tuple[str, ...] = ("c", "d"), **other: Any
) -> Snapshot:
    made: dict[str, Any] = {
        "product_ids": np.array([10, 20, 30]),
        "active": np.ones(3, bool),
        "popularity": np.array([5, 5, 5]),
        "price": np.array([1.0, 2.0, 3.0]),
        "now": 7,
    }
    one_tag = Ragged(np.array([0, 1, 1, 1]), np.array([0]))
    features = Features(np.array(category), tags or one_tag, Vocabulary(names), Vocabulary(("t",)))
    return Snapshot.build(**{**made, **other}, features=features)


NAMES = st.sampled_from("ABCD")
STATES = st.builds(
    ProductState,
    is_active=st.booleans(),
    category=st.none() | NAMES,
    tags=st.lists(NAMES, unique=True).map(lambda tags: tuple(sorted(tags))),
    price=st.sampled_from([0.0, 1.5, 99.99]),
    popularity=st.integers(0, 3),
    group=st.sampled_from(["", "", "G", "H"]),
    attributes=st.lists(st.sampled_from(["c\x1fred", "c\x1fblue", "s\x1fM"]), unique=True).map(
        lambda keys: tuple(sorted(keys))
    ),
    offer=st.none()
    | st.builds(
        Offer,
        price=st.just(0.5),
        begins=st.sampled_from([-np.inf, 3.0, 5.0]),
        ends=st.sampled_from([5.0, 8.0, np.inf]),
    ),
)
CATALOGUES = st.dictionaries(st.integers(1, 9), STATES)


def read(states: Mapping[int, ProductState]) -> Snapshot:
    """Return the snapshot of these products, as one that is read anew."""
    categories = Vocabulary(tuple(sorted({s.category for s in states.values() if s.category})))
    tags = Vocabulary(tuple(sorted({tag for s in states.values() for tag in s.tags})))
    return Snapshot.build(
        product_ids=np.array(list(states), np.int64),
        active=np.array([s.is_active for s in states.values()], bool),
        popularity=np.array([s.popularity for s in states.values()], np.int64),
        price=np.array([s.price for s in states.values()], np.float64),
        features=Features(
            np.array([categories.codes.get(s.category or "", -1) for s in states.values()], np.int64),
            Ragged(
                starts_of(np.array([len(s.tags) for s in states.values()], np.int64)),
                np.array([tags.codes[tag] for s in states.values() for tag in s.tags], np.int64),
            ),
            categories,
            tags,
        ),
        groups=Groups.of(len(states), np.arange(len(states)), [s.group for s in states.values()]),
        attributes=Attributes.of(
            len(states), np.arange(len(states)), [s.attributes for s in states.values()]
        ),
        offers=Offers.of((key, s.offer) for key, s in states.items() if s.offer),
        priced_at=5.0,
        now=7,
    )


def group_at(snapshot: Snapshot, position: int) -> str:
    return snapshot.groups.name_at(position) if snapshot.groups else ""


def content(snapshot: Snapshot) -> list[Any]:
    """Return all that a snapshot holds of its products, in the order of their positions."""
    return [
        (
            *(key, active, popularity, price, *snapshot.features.names_at(at), group_at(snapshot, at)),
            snapshot.attributes.keys_at(at) if snapshot.attributes else (),
        )
        for at, (key, active, popularity, price) in enumerate(
            zip(
                snapshot.product_ids.tolist(),
                snapshot.active.tolist(),
                snapshot.popularity.tolist(),
                snapshot.price.tolist(),
                strict=True,
            )
        )
    ]


class TestPatched:
    @given(states=CATALOGUES, colours=st.sets(st.sampled_from(["red", "blue", "green"])))
    def test_finds_products_by_attributes(self, states: dict[int, ProductState], colours: set[str]):
        snapshot = read(states)

        found = (snapshot.attributes or Attributes.none(len(snapshot))).having({"c": [*colours], "s": ["M"]})

        assert set(snapshot.product_ids[found].tolist()) == {
            key
            for key, s in states.items()
            if "s\x1fM" in s.attributes and any(f"c\x1f{colour}" in s.attributes for colour in colours)
        }

    @given(states=CATALOGUES, now=st.sampled_from([0.0, 2.9, 3.0, 4.9, 5.0, 7.9, 8.0, 9.0]))
    def test_has_the_prices_of_any_time(self, states: dict[int, ProductState], now: float):
        priced = read(states).priced(now)

        assert dict(zip(priced.product_ids.tolist(), priced.price.tolist(), strict=True)) == {
            key: s.offer.price if s.offer and s.offer.begins <= now < s.offer.ends else s.price
            for key, s in states.items()
        }
        later = [moment for s in states.values() if s.offer for moment in s.offer[1:] if moment > now]
        assert priced.next_price_change == min(later, default=np.inf)
        assert priced.priced(5.0).differs_in_prices_only(priced)
        assert priced.priced(5.0).stamp == read(states).stamp

    @given(before=CATALOGUES, after=CATALOGUES)
    def test_is_the_same_as_one_that_is_read_anew(
        self, before: dict[int, ProductState], after: dict[int, ProductState]
    ):
        # Popularity is renewed by another way.
        after = {
            key: s._replace(popularity=before[key].popularity) if key in before else s
            for key, s in after.items()
        }
        changed = {key: after.get(key) for key in before.keys() | after.keys()}

        found = patched(read(before), changed)

        assert content(found) == content(read(after))
        assert found.stamp == read(after).stamp
        assert (found.attributes is None) == (not any(s.attributes for s in after.values()))
        assert (found.groups is None) == (not any(s.group for s in after.values()))
        assert found.locate(np.arange(10)).tolist() == read(after).locate(np.arange(10)).tolist()
        assert found.features.used_categories == read(after).features.used_categories

    def test_is_itself_when_nothing_differs(self):
        snapshot = read({1: ProductState(True, "A", ("B",), 1.5)})

        assert patched(snapshot, {1: ProductState(True, "A", ("B",), 1.5), 2: None}) is snapshot

    def test_shares_the_features_when_only_prices_and_availability_differ(self):
        snapshot = read({1: ProductState(True, "A", ("B",), 1.5)})

        assert patched(snapshot, {1: ProductState(False, "A", ("B",), 2.5)}).differs_in_prices_only(snapshot)
        assert not patched(snapshot, {1: ProductState(True, "B", ("B",), 1.5)}).differs_in_prices_only(
            snapshot
        )
