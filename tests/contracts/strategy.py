"""Contract of strategies: each has a test class that inherits StrategyContract."""

from dataclasses import replace

import numpy as np

from recommendations.engine.histories import Candidates, Mask, seen
from recommendations.strategies.base import Basis, Retriever, Strategy
from tests.worlds import Article, World

WORLD = World(
    {
        n: Article(
            f"C{n % 3}" if n % 7 else None,
            frozenset({f"t{n % 4}", f"t{n % 5}"}),
            active=n % 6 != 0,
            popularity=n % 5,
        )
        for n in range(1, 41)
    },
    [[1, 4, 7, 1], [], [40, 39, 3, 2, 1], [5]],
)


class StrategyContract:
    """Tests for every strategy. Subclasses implement `strategy`."""

    def strategy(self) -> Strategy:
        raise AssertionError("the subclass must return its strategy")

    def retrieve(self, k: int, closed: tuple[int, ...] = ()) -> tuple[Candidates, Mask]:
        snapshot = WORLD.snapshot()
        everyone = snapshot.active.copy()
        everyone[list(closed)] = False
        histories = WORLD.batch(snapshot)
        allowed = Mask(everyone, seen(histories, len(snapshot)))
        return self.retriever().retrieve(histories, allowed=allowed, k=k), allowed

    def retriever(self) -> Retriever:
        training = WORLD.training()
        return self.strategy().fit(training).bind(training.snapshot)

    def test_offers_nothing_that_is_not_allowed(self):
        found, allowed = self.retrieve(40, closed=(0, 1, 2))

        for user, positions in enumerate(found.positions):
            shown = positions[positions >= 0]
            assert allowed.everyone[shown].all()
            assert not np.isin(shown, allowed.own[user]).any()

    def test_keeps_the_order_and_the_points_of_the_others_without_some_products(self):
        found, _ = self.retrieve(40)
        fewer, allowed = self.retrieve(40, closed=(0, 3, 7))

        for user, positions in enumerate(found.positions):
            points = dict(zip(positions.tolist(), found.points[user].tolist(), strict=True))
            left = [place for place in positions.tolist() if place >= 0 and allowed.everyone[place]]
            offered = [place for place in fewer.positions[user].tolist() if place in left]
            assert offered == left
            pairs = zip(fewer.positions[user].tolist(), fewer.points[user].tolist(), strict=True)
            assert all(points[place] == its for place, its in pairs if place in left)

    def test_offers_no_product_twice(self):
        found, _ = self.retrieve(40)

        for positions in found.positions:
            shown = positions[positions >= 0].tolist()
            assert len(shown) == len(set(shown))

    def test_puts_the_highest_points_first_and_padding_last(self):
        found, _ = self.retrieve(40)

        for positions, points in zip(found.positions, found.points, strict=True):
            n = np.count_nonzero(positions >= 0)
            assert (positions[:n] >= 0).all()
            assert (np.diff(points[:n]) <= 0).all()
            assert (points[n:] == 0).all()

    def test_breaks_ties_by_position(self):
        found, _ = self.retrieve(40)

        for positions, points in zip(found.positions, found.points, strict=True):
            shown = positions >= 0
            order = np.lexsort((positions[shown], -points[shown]))
            assert order.tolist() == list(range(len(order)))

    def test_begins_a_longer_list_with_the_shorter_one(self):
        longer, _ = self.retrieve(12)

        shorter, _ = self.retrieve(3)

        assert shorter.positions.tolist() == longer.positions[:, :3].tolist()

    def test_gives_reasons_that_add_up_to_the_points(self):
        found, _ = self.retrieve(10)

        reasons = self.retriever().reasons(WORLD.batch(WORLD.snapshot()), found)

        for mine, points, n in zip(reasons, found.points.tolist(), found.lengths.tolist(), strict=True):
            assert [sum(reason.points for reason in why) for why in mine] == points[:n]
            assert all(mine)

    def test_names_a_fallback_that_fills_up(self):
        assert self.strategy().fallback in ("popular", "trending")

    def test_names_what_it_looks_at(self):
        assert self.strategy().basis in Basis

    def test_offers_nothing_beyond_what_a_newer_catalogue_holds(self):
        newer = replace(WORLD, articles={n: article for n, article in WORLD.articles.items() if n % 2})
        newer = replace(newer, histories=[[1, 7]])
        snapshot = newer.snapshot()
        histories = newer.batch(snapshot)
        allowed = Mask(snapshot.active, seen(histories, len(snapshot)))

        retriever = self.strategy().fit(WORLD.training()).bind(snapshot)
        found = retriever.retrieve(histories, allowed=allowed, k=40)

        (positions,) = found.positions
        assert positions.max(initial=-1) < len(snapshot)
        assert [sum(reason.points for reason in why) for why in retriever.reasons(histories, found)[0]] == [
            *found.points[0, : found.lengths[0]]
        ]
