"""Snapshots of the catalogue."""

from typing import Any

import numpy as np
import pytest

from recommendations.engine.ragged import empty
from recommendations.engine.snapshot import Features, Snapshot, Vocabulary
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
            {"now": 8},
            {"version": "w"},
            {"popularity": np.array([5, 5, 6])},
            {"product_ids": np.array([10, 20, 31])},
        ],
        ids=["the moment", "the catalogue", "popularity", "products"],
    )
    def test_changes_with(self, other: dict[str, Any]):
        assert small(**other).stamp != small().stamp


def small(**other: Any) -> Snapshot:
    made: dict[str, Any] = {
        "product_ids": np.array([10, 20, 30]),
        "active": np.ones(3, bool),
        "popularity": np.array([5, 5, 5]),
        "now": 7,
        "version": "v",
    }
    nothing = Features(np.zeros(3, np.int64), empty(3), Vocabulary(("c",)), Vocabulary(()))
    return Snapshot.build(**{**made, **other}, features=nothing)
