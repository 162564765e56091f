"""FreshnessPolicy: how old an answer that was computed live may be."""

from dataclasses import replace

import pytest

from recommendations.caching.versions import FreshnessPolicy
from recommendations.engine.snapshot import Snapshot
from recommendations.serving.results import SnapshotVersion
from tests.worlds import Article, World

NOW = World({1: Article("A", popularity=1)}).snapshot()
OTHER_POPULARITY = World({1: Article("A", popularity=2)}).snapshot()
OTHER_CATEGORY = World({1: Article("B", popularity=1)}).snapshot()
VERSION = SnapshotVersion(NOW.stamp, NOW.activity_stamp, renewed_at=100.0, computed_at=130.0)


def allows(now: float, current: Snapshot = OTHER_POPULARITY, version: SnapshotVersion = VERSION) -> bool:
    policy = FreshnessPolicy(ttl_seconds=300, max_age_seconds=60, clock=lambda: now)
    return policy.allows(version, current)


class TestFreshnessPolicy:
    def test_allows_popularity_younger_than_its_maximum_age(self):
        assert allows(159.9)

    def test_does_not_allow_popularity_of_its_maximum_age(self):
        assert not allows(160.0)

    def test_allows_older_popularity_while_it_is_the_same(self):
        assert allows(429.9, NOW)

    def test_does_not_allow_another_catalogue(self):
        assert not allows(130.0, OTHER_CATEGORY)

    def test_allows_nothing_beyond_its_ttl(self):
        assert not allows(430.0, NOW)

    @pytest.mark.parametrize("moment", ["renewed_at", "computed_at"])
    def test_does_not_allow_times_in_the_future(self, moment: str):
        """A clock that was set back must not keep an answer alive."""
        assert not allows(140.0, version=replace(VERSION, **{moment: 141.0}))

    def test_allows_an_answer_in_the_moment_in_which_it_was_computed(self):
        assert allows(130.0, version=replace(VERSION, renewed_at=130.0))
