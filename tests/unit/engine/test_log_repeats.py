"""Repeats of a shopper in the log."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recommendations.engine.actions import DAY, Action
from recommendations.engine.log import Log
from recommendations.engine.trend import trend
from tests.worlds import TABLE

EVENTS = st.lists(st.tuples(st.integers(1, 4), st.integers(1, 3), st.sampled_from(list(Action))), max_size=30)


def logged(events: list[tuple[int, int, Action]]) -> Log:
    users, products, actions = (np.array(column, np.int64) for column in zip(*events, strict=True))
    return Log(users, products, np.arange(len(events)) * DAY, actions.astype(np.uint8))


def popularity(log: Log, product: int) -> int:
    ids, counts = log.counted(counts_repeats=False).counts()
    return dict(zip(ids.tolist(), counts.tolist(), strict=True)).get(product, 0)


class TestRepeats:
    @given(EVENTS.filter(bool))
    def test_leave_the_first_event_of_each_shopper_product_and_action(self, events):
        first = list(dict.fromkeys(events))

        kept = logged(events).first_of_each

        assert list(zip(kept.user_ids, kept.product_ids, kept.actions, strict=True)) == first
        assert [events.index(one) for one in first] == (kept.at // DAY).tolist()

    @given(EVENTS.filter(bool), EVENTS)
    def test_of_one_account_add_at_most_one_for_each_action(self, events, extra):
        one = 9
        more = [(one, product, action) for _, product, action in extra]
        before, after = logged(events), logged([*events, *more])

        for product in (1, 2, 3):
            actions = {action for _, its, action in more if its == product} - {Action.DISMISS}
            assert popularity(after, product) - popularity(before, product) == len(actions)

    def test_do_not_lift_a_trend(self):
        once, often = logged([(1, 1, Action.VIEW)]), logged([(1, 1, Action.VIEW)] * 50)

        assert trend(often, TABLE, half_life_days=7, now=0).n_events.tolist() == [1]
        assert (
            trend(often, TABLE, half_life_days=7, now=0).scores
            == trend(once, TABLE, half_life_days=7, now=0).scores
        ).all()
