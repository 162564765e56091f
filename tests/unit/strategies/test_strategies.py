"""Every strategy fulfils the contract and names its invalid options."""

import pytest

from recommendations.strategies.content import Content
from recommendations.strategies.popular import Popular
from recommendations.strategies.trending import Trending
from tests.contracts.strategy import WORLD, StrategyContract


class TestContent(StrategyContract):
    def strategy(self) -> Content:
        return Content.from_options()

    @pytest.mark.parametrize("name", ["top_categories", "top_tags"])
    @pytest.mark.parametrize("value", [-1, 51, 1.5, True])
    def test_names_the_option_that_is_wrong(self, name: str, value: object):
        with pytest.raises(ValueError, match=f"{name} is"):
            Content.from_options(**{name: value})


class TestPopular(StrategyContract):
    def strategy(self) -> Popular:
        return Popular.from_options()

    def test_offers_the_most_popular_first(self):
        found, _ = self.retrieve(3)

        assert found.positions[1].tolist() == sorted(found.positions[1].tolist())


class TestTrending(StrategyContract):
    def strategy(self) -> Trending:
        return Trending.from_options()

    def test_offers_nothing_that_nobody_met(self):
        found, _ = self.retrieve(40)

        snapshot = WORLD.snapshot()
        met = {key for history in WORLD.histories for key in history}
        shown = snapshot.product_ids[found.positions[found.positions >= 0]]
        assert set(shown.tolist()) <= met

    @pytest.mark.parametrize("days", [0, -1, "7", True, 4000])
    def test_names_a_half_life_that_cannot_be(self, days: object):
        with pytest.raises(ValueError, match="half_life_days is"):
            Trending.from_options(half_life_days=days)
