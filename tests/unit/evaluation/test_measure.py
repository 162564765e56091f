"""Measurement of one strategy on a small shop with known results."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import pytest

from recommendations.engine.holdout import hold_out
from recommendations.engine.log import Log
from recommendations.evaluation.measure import Case, measure
from recommendations.strategies.base import Basis, Training
from recommendations.strategies.content import Content
from recommendations.strategies.popular import Popular
from recommendations.strategies.trending import Trending
from recommendations.strategies.untrained import Untrained
from tests.worlds import TABLE, Article, World

DAY = 24 * 60 * 60
SHOP = World({n: Article("Audio" if n <= 3 else "Home", popularity=1) for n in range(1, 7)})
# User 1 views Audio before and after the cutoff; user 2 views everything else before it. Nobody views product
# 6 before the cutoff.
EVENTS = [(1, 1, 0), (2, 2, 0), (2, 3, 0), (2, 4, 0), (2, 5, 0), (3, 4, 0), (3, 5, 0), (1, 2, 40), (1, 6, 40)]
# Product 4 is the most popular, product 5 the most recent, and user 1 then views product 5.
FASHION = [(2, 4, 0), (2, 4, 0), (3, 4, 0), (1, 1, 0), (2, 5, 35), (1, 5, 70)]


@dataclass(frozen=True)
class Silent:
    """A strategy that recommends nothing, so that fillers fill all of its lists."""

    fallback: ClassVar[str] = "trending"
    basis: ClassVar[Basis] = Basis.HISTORY
    log_days: float | None = 0

    @classmethod
    def from_options(cls) -> Self:
        return cls()

    def fit(self, training: Training) -> Untrained:
        return Untrained()


def case(events: list[tuple[int, int, int]] = EVENTS, most_users: int | None = None) -> Case:
    users, products, days = np.array(events, np.int64).T
    log = Log(users, products, days * DAY, np.zeros(len(days), np.uint8))
    return Case.of(hold_out(log, seconds=30 * DAY), SHOP.snapshot(), most_users)


class TestCase:
    def test_counts_popularity_before_the_cutoff_only(self):
        snapshot = case().snapshot

        assert dict(zip(snapshot.product_ids.tolist(), snapshot.popularity.tolist(), strict=True)) == {
            1: 1,
            2: 1,
            3: 1,
            4: 2,
            5: 2,
            6: 0,
        }

    def test_opens_what_was_known_at_the_cutoff_alone(self):
        snapshot = case().snapshot

        assert snapshot.product_ids[snapshot.active].tolist() == [4, 5, 1, 2, 3]

    def test_asks_for_products_that_were_known_alone(self):
        holdout = case().holdout

        assert (holdout.user_ids.tolist(), holdout.new.flat.tolist()) == ([1], [2])

    def test_counts_what_each_user_did_before(self):
        assert case(FASHION).n_past().tolist() == [1]

    @pytest.mark.parametrize(
        ("log_days", "ages"), [(None, [40, 40, 40, 40, 5]), (0, []), (5, [5]), (4.9, [])]
    )
    def test_is_learned_from_as_far_back_as_an_estimator_looks(self, log_days: float | None, ages: list[int]):
        training = case(FASHION).training(Silent(log_days), TABLE)

        assert ((training.snapshot.now - training.log.at) // DAY).tolist() == ages

    def test_draws_some_of_many_users_and_always_the_same(self):
        events = [(user, 1, 0) for user in range(1, 41)] + [(user, 2, 0) for user in range(41, 44)]
        events += [(user, 2, 40) for user in range(1, 41)]

        drawn, again = case(events, 10).holdout, case(events, 10).holdout

        assert len(set(drawn.user_ids.tolist())) == 10 == len(drawn.new)
        assert drawn.user_ids.tolist() == again.user_ids.tolist() != list(range(1, 11))
        assert len(drawn.past) == 43

    def test_draws_nobody_where_there_are_no_more(self):
        assert case(most_users=5).holdout.user_ids.tolist() == [1]


class TestMeasure:
    def test_finds_at_the_first_place_what_content_foresees(self):
        found = measure(case(), Content.from_options(), TABLE)

        assert found.means["ndcg@10"] == found.means["recall@20"] == found.means["map@10"] == 1

    def test_finds_at_the_third_place_what_popularity_foresees(self):
        found = measure(case(), Popular(), TABLE)

        assert found.means["ndcg@10"] == pytest.approx(1 / np.log2(4))
        assert found.means["map@10"] == pytest.approx(1 / 3)
        assert found.means["coverage@10"] == pytest.approx(4 / 5)

    def test_fills_up_with_what_is_trending_where_the_strategy_asks_for_it(self):
        silent, popular = measure(case(FASHION), Silent(), TABLE), measure(case(FASHION), Popular(), TABLE)

        assert silent.means["ndcg@10"] == 1
        assert popular.means["ndcg@10"] == pytest.approx(1 / np.log2(3))

    def test_fills_up_with_trending_as_it_is_configured(self):
        found = measure(case(FASHION), Silent(), TABLE, {"trending": Trending(3650)})

        assert found.means["ndcg@10"] == pytest.approx(1 / np.log2(3))

    def test_gives_the_accuracy_of_each_user(self):
        found = measure(case(), Popular(), TABLE)

        assert found.ndcg.tolist() == [pytest.approx(1 / np.log2(4))]

    def test_says_what_it_cost(self):
        found = measure(case(), Popular(), TABLE)

        assert found.fit_seconds > 0
        assert found.ms_per_user > 0
        assert found.peak_mb > 10
