"""One strategy measured on a shop whose answers are known."""

import numpy as np
import pytest

from recommendations.engine.holdout import hold_out
from recommendations.engine.log import Log
from recommendations.services.measuring import Case, measure
from recommendations.strategies.content import Content
from recommendations.strategies.popular import Popular
from tests.worlds import TABLE, Article, World

DAY = 24 * 60 * 60
SHOP = World({n: Article("Audio" if n <= 3 else "Home", popularity=1) for n in range(1, 7)})
# User 1 liked Audio and comes back for Audio; user 2 looked at everything else before; nobody met product 6.
EVENTS = [(1, 1, 0), (2, 2, 0), (2, 3, 0), (2, 4, 0), (2, 5, 0), (3, 4, 0), (3, 5, 0), (1, 2, 40), (1, 6, 40)]


def case() -> Case:
    users, products, days = np.array(EVENTS, np.int64).T
    log = Log(users, products, days * DAY, np.zeros(len(days), np.uint8))
    return Case.of(hold_out(log, seconds=30 * DAY), SHOP.snapshot())


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


class TestMeasure:
    def test_finds_at_the_first_place_what_content_foresees(self):
        found = measure(case(), Content.from_options(), TABLE)

        assert found.means["ndcg@10"] == found.means["recall@20"] == found.means["map@10"] == 1

    def test_finds_at_the_third_place_what_popularity_foresees(self):
        found = measure(case(), Popular(), TABLE)

        assert found.means["ndcg@10"] == pytest.approx(1 / np.log2(4))
        assert found.means["map@10"] == pytest.approx(1 / 3)
        assert found.means["coverage@10"] == pytest.approx(4 / 5)

    def test_says_what_it_cost(self):
        found = measure(case(), Popular(), TABLE)

        assert found.fit_seconds > 0
        assert found.ms_per_user > 0
        assert found.peak_mb > 10
