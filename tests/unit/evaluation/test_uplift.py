"""The uplift of one estimator over another, user by user."""

import numpy as np
import pytest

from recommendations.evaluation.measure import StrategyMetrics
from recommendations.evaluation.uplift import uplift


def measured(*ndcg: float) -> StrategyMetrics:
    return StrategyMetrics({}, {}, np.array(ndcg), 0, 0, 0)


class TestGain:
    def test_is_the_mean_of_the_differences(self):
        assert uplift(measured(0.5, 0.25), measured(0.25, 0.25)).mean == pytest.approx(0.125)

    def test_is_sure_of_a_small_gain_that_every_user_has(self):
        draw = np.random.default_rng(1)
        present = draw.random(200)

        found = uplift(measured(*(present + 0.01)), measured(*present))

        assert found.is_sure
        assert (found.low, found.high) == pytest.approx((0.01, 0.01))

    def test_is_not_sure_of_a_gain_that_few_users_have(self):
        found = uplift(measured(*[0.0] * 49, 1.0), measured(*[0.0] * 50))

        assert found.mean == pytest.approx(0.02)
        assert (found.low, found.is_sure) == (0, False)

    @pytest.mark.parametrize(("n", "is_sure"), [(1, False), (5, False), (6, True)])
    def test_is_sure_of_no_fewer_than_six_users_who_differ(self, n: int, is_sure: bool):
        found = uplift(measured(*[0.5] * n), measured(*[0.25] * n))

        assert found.low > 0
        assert (found.differing, found.is_sure) == (n, is_sure)
        assert (f"from {n} users; 6 are needed" in str(found)) is not is_sure

    def test_is_not_sure_where_nothing_differs(self):
        assert not uplift(measured(0.5, 0.5), measured(0.5, 0.5)).is_sure

    def test_has_the_interval_of_a_naive_paired_bootstrap(self):
        draw = np.random.default_rng(2)
        one, other = draw.random(400), draw.random(400)
        means = [float((one - other)[draw.integers(0, 400, 400)].mean()) for _ in range(2_000)]

        found = uplift(measured(*one), measured(*other))

        assert (found.low, found.high) == pytest.approx(np.percentile(means, [2.5, 97.5]), abs=0.005)
