"""Ranker: how far it looks to replace unavailable products."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from recommendations.engine.histories import Histories
from recommendations.pipeline import Pipeline, Query, Ranking
from recommendations.serving.ranker import ProductLookup, Ranker
from recommendations.strategies.popular import Popular
from tests.worlds import Article, World


@dataclass(frozen=True)
class Recording(Pipeline):
    """A pipeline that records n and diversity of each query."""

    queries: list[tuple[int, float]] = field(default_factory=list)

    def rank(self, histories: Histories, query: Query) -> list[Ranking]:
        self.queries.append((query.n, query.diversity))
        return super().rank(histories, query)


@dataclass(frozen=True)
class Product:
    name: str
    is_available: bool


def available(*product_ids: int) -> ProductLookup[Product]:
    """Return a lookup in which only these products are available."""

    def read(ids: Iterable[int]) -> dict[int, Product]:
        return {key: Product(str(key), is_available=key in product_ids) for key in ids}

    return ProductLookup(read)


class TestRanker:
    WORLD = World({k: Article("AB"[k % 2], popularity=99 - k) for k in range(1, 21)}, [[]])

    def test_looks_no_deeper_than_the_number_of_products(self):
        snapshot = self.WORLD.snapshot()
        pipeline = Recording(snapshot, Popular().bind(snapshot), ())

        (ranking,) = Ranker(pipeline).rank(self.WORLD.batch(snapshot), Query(2), available(19, 20))

        assert [pick.product_id for pick in ranking.picks] == [19, 20]
        assert max(pipeline.queries) == (len(snapshot), 0)

    def test_diversifies_lists_no_longer_than_the_query_says(self):
        snapshot = self.WORLD.snapshot()
        pipeline = Recording(snapshot, Popular().bind(snapshot), ())
        query = Query(2, diversity=0.5)

        (ranking,) = Ranker(pipeline).rank(self.WORLD.batch(snapshot), query, available(16, 18, 19))

        assert [pick.product_id for pick in ranking.picks] == [16, 19]
        assert set(pipeline.queries) == {(2, 0.5), (len(snapshot), 0)}
