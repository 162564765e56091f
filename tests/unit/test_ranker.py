"""The check of the picks against the shop as it is now: how far it looks for what is gone."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from recommendations.engine.histories import Histories
from recommendations.pipeline import Pipeline, Query, Ranking
from recommendations.services.ranker import Known, Ranker
from recommendations.strategies.popular import Popular
from tests.worlds import Article, World


@dataclass(frozen=True)
class Recording(Pipeline):
    """A pipeline that remembers how long the lists were that it was asked for."""

    asked: list[int] = field(default_factory=list)

    def rank(self, histories: Histories, query: Query) -> list[Ranking]:
        self.asked.append(query.n)
        return super().rank(histories, query)


@dataclass(frozen=True)
class Described:
    name: str
    is_available: bool


class TestRanker:
    def test_looks_no_further_down_than_there_are_products(self):
        world = World({k: Article("A", popularity=99 - k) for k in range(1, 21)}, [[]])
        snapshot = world.snapshot()
        popular = Popular().bind(snapshot)
        pipeline = Recording(snapshot, popular, ())

        def describe(ids: Iterable[int]) -> dict[int, Described]:
            return {key: Described(str(key), is_available=key > 18) for key in ids}

        (ranking,) = Ranker(pipeline).fresh(world.batch(snapshot), Query(2), Known(describe))

        assert [pick.product_id for pick in ranking.picks] == [19, 20]
        assert max(pipeline.asked) == len(snapshot)
