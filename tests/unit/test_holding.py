"""How long an answer that was computed live may be given, by the clock and by the catalogue."""

from dataclasses import replace

import pytest

from recommendations.caching.versions import FreshnessPolicy
from recommendations.serving.results import LiveGrounds, ModelRef

GROUNDS = LiveGrounds(
    chosen=ModelRef("content"),
    user_id=1,
    products=[1],
    facts=b"",
    is_plain=True,
    stamp="a",
    read_at=100.0,
    made_at=130.0,
)


def recency(now: float, stamp: str = "b") -> FreshnessPolicy:
    return FreshnessPolicy(ttl_seconds=300, max_age_seconds=60, stamp=lambda: stamp, clock=lambda: now)


class TestRecency:
    def test_allows_what_a_snapshot_of_its_age_may_answer(self):
        assert recency(159.9).allows(GROUNDS)

    def test_does_not_allow_what_is_older_than_the_catalogue_may_be(self):
        assert not recency(160.0).allows(GROUNDS)

    def test_allows_older_ones_while_the_catalogue_is_the_same(self):
        assert recency(429.9, stamp="a").allows(GROUNDS)

    def test_allows_nothing_beyond_its_time(self):
        assert not recency(430.0, stamp="a").allows(GROUNDS)

    @pytest.mark.parametrize("moment", ["read_at", "made_at"])
    def test_does_not_allow_what_comes_from_the_future(self, moment: str):
        """Or a clock that was put back would make it last."""
        assert not recency(140.0).allows(replace(GROUNDS, **{moment: 141.0}))

    def test_asks_for_no_stamp_while_it_need_not(self):
        assert replace(recency(140.0), stamp=lambda: str(1 / 0)).allows(GROUNDS)
