"""FreshnessPolicy: how old an answer that was computed live may be."""

from dataclasses import replace

import pytest

from recommendations.caching.versions import FreshnessPolicy
from recommendations.serving.results import SnapshotVersion

SNAPSHOT = SnapshotVersion("a", read_at=100.0, computed_at=130.0)


def policy(now: float, stamp: str = "b") -> FreshnessPolicy:
    return FreshnessPolicy(ttl_seconds=300, max_age_seconds=60, stamp=lambda: stamp, clock=lambda: now)


class TestFreshnessPolicy:
    def test_allows_a_snapshot_younger_than_its_maximum_age(self):
        assert policy(159.9).allows(SNAPSHOT)

    def test_does_not_allow_a_snapshot_of_its_maximum_age(self):
        assert not policy(160.0).allows(SNAPSHOT)

    def test_allows_an_older_snapshot_while_the_catalogue_is_the_same(self):
        assert policy(429.9, stamp="a").allows(SNAPSHOT)

    def test_allows_nothing_beyond_its_ttl(self):
        assert not policy(430.0, stamp="a").allows(SNAPSHOT)

    @pytest.mark.parametrize("moment", ["read_at", "computed_at"])
    def test_does_not_allow_times_in_the_future(self, moment: str):
        """A clock that was set back must not keep an answer alive."""
        assert not policy(140.0).allows(replace(SNAPSHOT, **{moment: 141.0}))

    def test_does_not_compute_the_stamp_of_a_young_snapshot(self):
        assert replace(policy(140.0), stamp=lambda: str(1 / 0)).allows(SNAPSHOT)

    @pytest.mark.parametrize("stamp", ["a", "b"])
    def test_allows_an_answer_in_the_moment_in_which_it_was_computed(self, stamp: str):
        at_once = SnapshotVersion("a", read_at=130.0, computed_at=130.0)

        assert policy(130.0, stamp=stamp).allows(at_once)
