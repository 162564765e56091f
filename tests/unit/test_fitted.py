"""Pipelines over one snapshot, and what of them outlives it."""

import pytest

from recommendations.engine.snapshot import Snapshot
from recommendations.serving.pipelines import PipelineCache, StrategyRegistry
from recommendations.serving.results import ModelRef
from recommendations.strategies.base import Training
from recommendations.strategies.content import Content
from recommendations.strategies.trending import Trending
from tests.worlds import Article, World

WORLD = World({n: Article("A") for n in range(1, 5)}, [[1, 2]])
TRENDING = ModelRef("trending")


class Shop:
    """Counts how often its log is read; reading it takes `seconds`."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.now = 0.0
        self.n_reads = 0

    def recent(self, snapshot: Snapshot, days: float) -> Training:
        if days:
            self.n_reads += 1
            self.now += self.seconds
        return WORLD.training()

    def fitted(self) -> PipelineCache:
        recipes = StrategyRegistry(
            {"content": Content.from_options(), "trending": Trending.from_options()}, lambda chosen: None
        )
        return PipelineCache(WORLD.snapshot(), self.recent, recipes, clock=lambda: self.now)


@pytest.fixture
def shop() -> Shop:
    return Shop(seconds=3)


class TestFitted:
    def test_reads_no_log_for_what_needs_none(self, shop: Shop):
        shop.fitted()(ModelRef("content"))

        assert shop.n_reads == 0

    def test_reads_the_log_once_for_all_that_needs_it(self, shop: Shop):
        fitted = shop.fitted()

        fitted(TRENDING)
        fitted(TRENDING)

        assert shop.n_reads == 1

    def test_keeps_what_took_long_for_twenty_times_as_long(self, shop: Shop):
        fitted = shop.fitted()
        fitted(TRENDING)

        shop.now = 59
        fitted = fitted.with_snapshot(WORLD.snapshot())

        assert shop.n_reads == 1

        shop.now = 60
        fitted.with_snapshot(WORLD.snapshot())

        assert shop.n_reads == 2

    def test_binds_what_it_keeps_to_the_new_snapshot(self, shop: Shop):
        fitted = shop.fitted()
        fitted(TRENDING)
        newer = World({n: Article("A") for n in range(2, 9)}).snapshot()

        assert fitted.with_snapshot(newer)(TRENDING).snapshot is newer
