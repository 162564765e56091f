"""PipelineCache: reading of the log, and models that outlive a snapshot."""

import pytest

from recommendations.engine.snapshot import Snapshot
from recommendations.serving.catalogue import PipelineCache, StrategyRegistry
from recommendations.serving.results import ModelRef
from recommendations.strategies.base import Training
from recommendations.strategies.content import Content
from recommendations.strategies.trending import Trending
from tests.worlds import Article, World

WORLD = World({n: Article("A") for n in range(1, 5)}, [[1, 2]])
TRENDING = ModelRef("trending")


class Shop:
    """Counts the reads of its log. seconds: how long a read takes"""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.now = 0.0
        self.n_reads = 0

    def read_training(self, snapshot: Snapshot, days: float) -> Training:
        if days:
            self.n_reads += 1
            self.now += self.seconds
        return WORLD.training()

    def pipelines(self) -> PipelineCache:
        registry = StrategyRegistry(
            {"content": Content.from_options(), "trending": Trending.from_options()}, lambda ref: None
        )
        return PipelineCache(WORLD.snapshot(), self.read_training, registry, clock=lambda: self.now)


@pytest.fixture
def shop() -> Shop:
    return Shop(seconds=3)


class TestPipelineCache:
    def test_does_not_read_the_log_for_strategies_that_do_not_need_it(self, shop: Shop):
        shop.pipelines()(ModelRef("content"))

        assert shop.n_reads == 0

    def test_reads_the_log_once_for_all_strategies_that_need_it(self, shop: Shop):
        pipelines = shop.pipelines()

        pipelines(TRENDING)
        pipelines(TRENDING)

        assert shop.n_reads == 1

    def test_reuses_models_for_twenty_times_as_long_as_fitting_took(self, shop: Shop):
        pipelines = shop.pipelines()
        pipelines(TRENDING)

        shop.now = 59
        pipelines = pipelines.with_snapshot(WORLD.snapshot())

        assert shop.n_reads == 1

        shop.now = 60
        pipelines.with_snapshot(WORLD.snapshot())

        assert shop.n_reads == 2

    def test_binds_reused_models_to_the_new_snapshot(self, shop: Shop):
        pipelines = shop.pipelines()
        pipelines(TRENDING)
        newer = World({n: Article("A") for n in range(2, 9)}).snapshot()

        assert pipelines.with_snapshot(newer)(TRENDING).snapshot is newer
