"""Local days, exact across changes of the UTC offset."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommendations.engine.days import local_days

ZONES = ["UTC", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"]


class TestLocalDays:
    @given(st.lists(st.integers(0, 4_000_000_000), max_size=20), st.sampled_from(ZONES))
    def test_agree_with_the_calendar(self, moments: list[int], zone: str):
        days = local_days(np.array(moments, np.int64), zone)

        reported = [datetime.fromtimestamp(moment, ZoneInfo(zone)).date() for moment in moments]
        assert days.tolist() == [(day - date(1970, 1, 1)).days for day in reported]

    def test_begin_at_the_right_second_on_the_day_when_the_clocks_change(self):
        midnight = int(datetime(2026, 3, 30, tzinfo=ZoneInfo("Europe/Paris")).timestamp())

        before, after = local_days(np.array([midnight - 1, midnight]), "Europe/Paris").tolist()

        assert after == before + 1

    def test_go_back_with_clocks_that_go_back_at_midnight(self):
        back = int(datetime(2021, 10, 30, 21, tzinfo=UTC).timestamp())  # 00:00 becomes 23:00 in Beirut

        days = local_days(np.array([back - 1, back, back + 3599, back + 3600]), "Asia/Beirut")

        assert (days - days[0]).tolist() == [0, 0, 0, 1]

    def test_refuse_a_zone_that_does_not_exist(self):
        with pytest.raises((KeyError, ValueError)):
            local_days(np.zeros(1, np.int64), "Mars/Olympus")
