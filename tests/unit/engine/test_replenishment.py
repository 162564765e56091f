"""How due repeated purchases are, compared with a naive implementation."""

from datetime import datetime
from itertools import pairwise
from statistics import median
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recommendations.engine.actions import DAY, Action
from recommendations.engine.histories import Histories
from recommendations.engine.ragged import Ragged, starts_of
from recommendations.engine.replenishment import habits
from tests.worlds import Article, World

ZONE = "America/New_York"
Event = tuple[int, Action, int]
events = st.tuples(
    st.integers(0, 3),
    st.sampled_from([Action.PURCHASE, Action.PURCHASE, Action.VIEW]),
    st.integers(0, 400).map(lambda n: n * DAY // 4),
)


def histories(users: list[list[Event]]) -> Histories:
    ordered = [sorted(user, key=lambda event: -event[2]) for user in users]
    flat = np.array([event for user in ordered for event in user], np.int64).reshape(-1, 3)
    features = World({n: Article() for n in range(1, 4)}).snapshot().features
    starts = starts_of(np.array([len(user) for user in ordered], np.int64))
    return Histories(Ragged(starts, flat[:, 0]), flat[:, 1].astype(np.uint8), flat[:, 2], features)


def day(at: int) -> int:
    return datetime.fromtimestamp(at, ZoneInfo(ZONE)).date().toordinal()


def naive(users: list[list[Event]], now: int, n_products: int) -> dict[tuple[int, int], tuple[int, float]]:
    found = {}
    for row, user in enumerate(users):
        today = day(now)
        for product in range(n_products):
            days = sorted({day(at) for key, deed, at in user if (key, deed) == (product, Action.PURCHASE)})
            if len(days) > 1:
                gaps = [after - before for before, after in pairwise(days)]
                found[row, product] = (len(days), max(today - days[-1], 0) / median(gaps))
    return found


class TestHabits:
    @given(st.lists(st.lists(events, max_size=12), min_size=1, max_size=4), st.integers(0, 120))
    def test_agree_with_counting_days_on_a_calendar(self, users: list[list[Event]], days: int):
        found = habits(histories(users), now=days * DAY, zone=ZONE, n_products=3)

        keys = list(zip(found.rows.tolist(), found.positions.tolist(), strict=True))
        assert keys == sorted(keys)
        values = zip(found.days.tolist(), found.due.tolist(), strict=True)
        assert dict(zip(keys, values, strict=True)) == naive(users, days * DAY, 3)
