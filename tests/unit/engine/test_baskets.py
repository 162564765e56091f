"""Baskets and pairs, compared with a naive implementation."""

from collections import Counter
from datetime import datetime
from itertools import combinations
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recommendations.engine.baskets import baskets, capped
from recommendations.engine.pairs import Pairs, pairs
from recommendations.engine.ragged import Ragged, starts_of

ZONE = "Europe/Paris"
HOUR = 3600
purchases = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 5), st.integers(0, 60).map(lambda hour: hour * HOUR)),
    max_size=30,
)


def ragged(rows: list[list[int]]) -> Ragged:
    lengths = np.array([len(row) for row in rows], np.int64)
    return Ragged(starts_of(lengths), np.array([value for row in rows for value in row], np.int64))


def made(events: list[tuple[int, int, int]]) -> list[tuple[int, tuple[int, ...]]]:
    rows, products, at = np.array(events, np.int64).reshape(-1, 3).T
    found = baskets(rows, products, at, zone=ZONE)
    return [(int(row), tuple(found.products[n].tolist())) for n, row in enumerate(found.rows)]


def naive(events: list[tuple[int, int, int]]) -> list[tuple[int, tuple[int, ...]]]:
    found: dict[tuple, set[int]] = {}
    for user, product, at in events:
        moment = {p for u, p, when in events if (u, when) == (user, at)}
        day = datetime.fromtimestamp(at, ZoneInfo(ZONE)).date()
        key = (user, at) if len(moment) > 1 else (user, day)
        found.setdefault(key, set()).add(product)
    return [(user, tuple(sorted(products))) for (user, _), products in found.items()]


class TestBaskets:
    @given(purchases)
    def test_are_what_was_bought_at_one_moment_or_alone_on_one_day(self, events: list[tuple[int, int, int]]):
        assert sorted(made(events)) == sorted(naive(events))

    def test_join_what_was_bought_alone_on_one_local_day(self):
        last_hour_of_the_day = 22 * HOUR  # 23:00 in Paris

        assert made([(0, 1, 0), (0, 2, last_hour_of_the_day), (0, 3, last_hour_of_the_day + HOUR)]) == [
            (0, (1, 2)),
            (0, (3,)),
        ]

    @given(purchases)
    def test_hold_every_purchase(self, events: list[tuple[int, int, int]]):
        rows, products, at = np.array(events, np.int64).reshape(-1, 3).T

        found = baskets(rows, products, at, zone=ZONE)

        for event, basket in enumerate(found.of_event.tolist()):
            assert products[event] in found.products[basket]
            assert found.rows[basket] == rows[event]


class TestCapped:
    def test_keeps_small_baskets_whole_and_a_sample_of_large_ones(self):
        large = list(range(50))

        found = capped(ragged([[1, 2, 3], large, []]), 10)

        assert found[0].tolist() == [1, 2, 3]
        assert found[1].tolist() == sorted(set(found[1].tolist()) & set(large))
        assert found.lengths.tolist() == [3, 10, 0]

    def test_samples_other_products_of_another_basket(self):
        found = capped(ragged([list(range(200)), list(range(200))]), 20)

        assert set(found[0].tolist()) != set(found[1].tolist())

    def test_favours_no_product(self):
        found = capped(ragged([list(range(100))] * 400), 20)

        counts = np.bincount(found.flat, minlength=100)
        assert counts.min() > 40
        assert counts.max() < 120


def naive_pairs(
    rows: list[set[int]], n: int, min_support: int, kept: int
) -> list[list[tuple[int, int, int]]]:
    """Return, for each column, its pairs: column, support, lift in thousandths."""
    single = Counter(column for row in rows for column in row)
    both = Counter(pair for row in rows for pair in combinations(sorted(row), 2))
    found: list[list[tuple[int, int, int]]] = [[] for _ in range(n)]
    for (a, b), support in both.items():
        if support >= min_support:
            lift = int(np.rint(support * len(rows) / (single[a] * single[b]) * 1000))
            if lift > 1000:
                found[a].append((b, support, lift))
                found[b].append((a, support, lift))
    return [sorted(row, key=lambda pair: (-pair[2], -pair[1], pair[0]))[:kept] for row in found]


def reported(found: Pairs) -> list[list[tuple[int, int, int]]]:
    rows = zip(found.columns.tolist(), found.support.tolist(), found.lift.tolist(), strict=True)
    every = list(rows)
    return [every[start:end] for start, end in zip(found.starts[:-1], found.starts[1:], strict=True)]


class TestPairs:
    @given(
        st.lists(st.sets(st.integers(0, 7)), max_size=25),
        st.integers(1, 3),
        st.integers(1, 8),
        st.sampled_from([1, 200, 1 << 20]),
    )
    def test_agree_with_counting_one_by_one_whatever_the_budget(
        self, rows: list[set[int]], min_support: int, kept: int, block_bytes: int
    ):
        found = pairs(
            ragged([sorted(row) for row in rows]),
            8,
            min_support=min_support,
            n_kept=kept,
            block_bytes=block_bytes,
        )

        assert reported(found) == naive_pairs(rows, 8, min_support, kept)


class TestMoments:
    def test_with_two_products_are_baskets_of_their_own(self):
        noon, later = 11 * HOUR, 12 * HOUR

        found = made([(0, 1, noon), (0, 2, noon), (0, 3, later), (0, 4, later + HOUR)])

        assert sorted(found) == [(0, (1, 2)), (0, (3, 4))]

    def test_with_one_product_bought_twice_are_purchases_of_one(self):
        found = made([(0, 1, HOUR), (0, 1, HOUR), (0, 2, 2 * HOUR)])

        assert found == [(0, (1, 2))]

    def test_are_told_apart_by_user(self):
        found = made([(0, 1, HOUR), (1, 2, HOUR)])

        assert sorted(found) == [(0, (1,)), (1, (2,))]
