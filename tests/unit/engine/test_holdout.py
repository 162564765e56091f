"""Temporal holdout of a log."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommendations.engine.holdout import hold_out
from recommendations.engine.log import Log
from tests.worlds import Article, World


def log(*events: tuple[int, int, int]) -> Log:
    """Return a log of (user, product, second)."""
    columns = np.array(sorted(events, key=lambda event: event[2]), np.int64).reshape(-1, 3).T
    return Log(*columns, np.zeros(len(columns[0]), np.uint8))


class TestLog:
    def test_refuses_events_out_of_order(self):
        with pytest.raises(ValueError, match="order of time"):
            Log(np.array([1, 1]), np.array([1, 1]), np.array([5, 4]), np.zeros(2, np.uint8))

    def test_refuses_arrays_of_different_lengths(self):
        with pytest.raises(ValueError, match="one entry an event"):
            Log(np.array([1]), np.array([1, 1]), np.array([4, 5]), np.zeros(2, np.uint8))

    def test_gives_histories_newest_first(self):
        snapshot = World({10: Article(), 20: Article(), 30: Article()}).snapshot()

        found = log((1, 10, 1), (2, 20, 2), (1, 30, 3), (9, 10, 4), (2, 10, 5)).histories(
            np.array([1, 2, 5]), snapshot
        )

        rows = [snapshot.product_ids[found.events[row]].tolist() for row in range(3)]
        assert rows == [[30, 10], [10, 20], []]

    def test_counts_events_by_product(self):
        ids, counts = log((1, 10, 1), (2, 10, 2), (1, 30, 3)).counts()

        assert (ids.tolist(), counts.tolist()) == ([10, 30], [2, 1])


class TestHoldOut:
    @given(
        st.lists(st.tuples(st.integers(1, 5), st.integers(1, 6), st.integers(0, 20)), min_size=1, max_size=40)
    )
    def test_agrees_with_the_rules_as_they_are_written(self, events: list[tuple[int, int, int]]):
        cutoff = max(second for *_, second in events) - 8
        past = [(user, product) for user, product, second in events if second < cutoff]
        expected: dict[int, set[int]] = {}
        for user, product, second in events:
            known = any(user == u for u, _ in past) and any(product == p for _, p in past)
            if second >= cutoff and known and (user, product) not in past:
                expected.setdefault(user, set()).add(product)

        if not expected:
            with pytest.raises(ValueError, match="the cutoff"):
                hold_out(log(*events), seconds=8)
            return
        found = hold_out(log(*events), seconds=8)

        assert found.cutoff == cutoff
        assert len(found.past) == len(past)
        got = {user: found.new[row].tolist() for row, user in enumerate(found.user_ids.tolist())}
        assert got == {user: sorted(products) for user, products in sorted(expected.items())}

    def test_has_nothing_to_say_of_an_empty_log(self):
        with pytest.raises(ValueError, match="no events"):
            hold_out(log(), seconds=8)
