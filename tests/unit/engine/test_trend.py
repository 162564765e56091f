"""Trend scores."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommendations.engine.actions import DAY, Action
from recommendations.engine.log import Log
from recommendations.engine.trend import trend
from tests.worlds import TABLE

NOW = 100 * DAY


class TestTrend:
    @given(
        st.lists(
            st.tuples(st.integers(1, 5), st.integers(0, 100), st.sampled_from(list(Action))), max_size=30
        )
    )
    def test_agrees_with_sums_over_single_events(self, events: list[tuple[int, int, Action]]):
        events.sort(key=lambda event: event[1])
        products, days, actions = np.array(events, np.int64).reshape(-1, 3).T
        log = Log(np.ones(len(days), np.int64), products, days * DAY, actions.astype(np.uint8))

        found = trend(log, replace(TABLE, counts_repeats=True), half_life_days=7, now=NOW)

        liked = [(key, day, action) for key, day, action in events if action is not Action.DISMISS]
        assert found.product_ids.tolist() == sorted({key for key, *_ in liked})
        for key, score, n_events in zip(found.product_ids, found.scores, found.n_events, strict=True):
            mine = [(day, action) for its, day, action in liked if its == key]
            assert score == pytest.approx(sum(TABLE.weights[a] * 0.5 ** ((100 - day) / 7) for day, a in mine))
            assert n_events == len(mine)
