"""The check of the picks against the shop as it is now: how far it looks for what is gone."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from recommendations.engine.histories import Histories
from recommendations.pipeline import Pipeline, Query, Ranking
from recommendations.serving.ranker import ProductLookup, Ranker
from recommendations.strategies.popular import Popular
from tests.worlds import Article, World


@dataclass(frozen=True)
class Recording(Pipeline):
    """A pipeline that remembers how long the lists were that it was asked for, and how diverse."""

    asked: list[tuple[int, float]] = field(default_factory=list)

    def rank(self, histories: Histories, query: Query) -> list[Ranking]:
        self.asked.append((query.n, query.diversity))
        return super().rank(histories, query)


@dataclass(frozen=True)
class Described:
    name: str
    is_available: bool


def available(*product_ids: int) -> ProductLookup[Described]:
    """Return descriptions by which these products alone may still be shown."""

    def describe(ids: Iterable[int]) -> dict[int, Described]:
        return {key: Described(str(key), is_available=key in product_ids) for key in ids}

    return ProductLookup(describe)


class TestRanker:
    WORLD = World({k: Article("AB"[k % 2], popularity=99 - k) for k in range(1, 21)}, [[]])

    def test_looks_no_further_down_than_there_are_products(self):
        snapshot = self.WORLD.snapshot()
        pipeline = Recording(snapshot, Popular().bind(snapshot), ())

        (ranking,) = Ranker(pipeline).rank(self.WORLD.batch(snapshot), Query(2), available(19, 20))

        assert [pick.product_id for pick in ranking.picks] == [19, 20]
        assert max(pipeline.asked) == (len(snapshot), 0)

    def test_chooses_diverse_lists_no_longer_than_was_asked(self):
        snapshot = self.WORLD.snapshot()
        pipeline = Recording(snapshot, Popular().bind(snapshot), ())
        query = Query(2, diversity=0.5)

        (ranking,) = Ranker(pipeline).rank(self.WORLD.batch(snapshot), query, available(16, 18, 19))

        assert [pick.product_id for pick in ranking.picks] == [16, 19]
        assert set(pipeline.asked) == {(2, 0.5), (len(snapshot), 0)}
