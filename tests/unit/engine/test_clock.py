import numpy as np
import pytest

from recommendations.engine.actions import DAY
from recommendations.engine.clock import last_plausible, needs_now, shop_now

TODAY = 1_700_000_000
MONDAY = TODAY - 4_000 * DAY  # when the old shop's history ends


def newest_first(*moments: int) -> np.ndarray:
    return np.sort(np.array(moments, np.int64))[::-1]


def busy(end: int, n: int = 40) -> list[int]:
    """Return one event an hour up to this time."""
    return [end - hour * 3600 for hour in range(n)]


class TestNeedsNow:
    @pytest.mark.parametrize(
        ("quiet_days", "is_real"), [(0, True), (20, True), (90, True), (91, False), (-1, False)]
    )
    def test_is_the_real_time_unless_the_events_are_those_of_the_past(self, quiet_days, is_real):
        shop, real = 1_000 * DAY, (1_000 + quiet_days) * DAY

        assert needs_now(shop, real) == (real if is_real else shop)


class TestTheLastPlausibleEvent:
    def test_is_the_newest_of_a_history_without_gaps(self):
        assert last_plausible(newest_first(*busy(MONDAY))) == MONDAY

    def test_is_not_a_single_event_years_after_the_others(self):
        assert last_plausible(newest_first(*busy(MONDAY), TODAY)) == MONDAY

    def test_is_not_one_of_a_few_events_that_are_odd_at_different_moments(self):
        odd = [TODAY, TODAY - 5, TODAY - 900 * DAY]
        assert last_plausible(newest_first(*busy(MONDAY), *odd)) == MONDAY

    def test_is_among_30_events_that_come_together_after_years(self):
        assert last_plausible(newest_first(*busy(MONDAY, 400), *busy(TODAY, 29))) == MONDAY
        assert last_plausible(newest_first(*busy(MONDAY, 400), *busy(TODAY, 30))) == TODAY

    @pytest.mark.parametrize(("n", "wanted"), [(37, MONDAY), (36, TODAY)])
    def test_is_among_a_tenth_of_the_events_of_a_small_shop(self, n: int, wanted: int):
        assert last_plausible(newest_first(*busy(MONDAY, n), *busy(TODAY, 4))) == wanted

    def test_is_the_newest_after_a_gap_of_30_days(self):
        assert last_plausible(newest_first(*busy(MONDAY), MONDAY + 30 * DAY)) == MONDAY + 30 * DAY
        assert last_plausible(newest_first(*busy(MONDAY), MONDAY + 30 * DAY + 1)) == MONDAY

    def test_is_the_newest_of_a_shop_in_which_little_happens(self):
        """One event every 40 days, so gaps of 40 days are normal."""
        assert last_plausible(newest_first(*(MONDAY - 40 * DAY * n for n in range(400)))) == MONDAY

    def test_is_the_newest_of_three_events(self):
        assert last_plausible(newest_first(MONDAY, MONDAY - 1, TODAY)) == TODAY

    def test_is_0_without_events(self):
        assert last_plausible(newest_first()) == 0

    def test_looks_at_no_more_events_than_it_names(self):
        long = newest_first(*busy(MONDAY, 5_000), TODAY)
        assert last_plausible(long) == last_plausible(long[:300]) == MONDAY


class TestTheShopsNow:
    def test_is_the_real_time_within_a_quarter_of_an_hour_where_the_shop_is_live(self):
        now = shop_now(newest_first(*busy(TODAY - 2 * DAY)), TODAY)

        assert TODAY <= now < TODAY + 15 * 60

    def test_stays_the_same_for_a_quarter_of_an_hour(self):
        begins = TODAY - TODAY % 900
        newest = newest_first(*busy(TODAY - 2 * DAY))

        assert len({shop_now(newest, begins + second) for second in range(900)}) == 1

    def test_is_the_end_of_the_history_a_week_after_it(self):
        newest = newest_first(*busy(MONDAY))

        assert shop_now(newest, MONDAY + 7 * DAY) >= MONDAY + 7 * DAY
        assert shop_now(newest, MONDAY + 7 * DAY + 1) == MONDAY

    def test_is_the_end_of_an_old_history_whatever_single_event_came_today(self):
        assert shop_now(newest_first(*busy(MONDAY), TODAY - 60), TODAY) == MONDAY

    def test_is_0_in_a_shop_without_events(self):
        assert shop_now(newest_first(), TODAY) == 0
