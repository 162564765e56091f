"""Top k of each user's scores."""

import numpy as np
import pytest

from recommendations.engine.best import best_of
from recommendations.engine.histories import Mask
from recommendations.engine.neighbours import Sums
from recommendations.engine.ragged import Ragged

N_PRODUCTS = 4


def sums(values: dict[int, float]) -> Sums:
    """Return the sums of one user, by position."""
    positions = np.array([*values], np.int64)
    return Sums(Ragged(np.array([0, len(positions)]), positions), np.array([*values.values()], np.float32))


def mask(*own: int, closed: tuple[int, ...] = ()) -> Mask:
    everyone = np.ones(N_PRODUCTS, bool)
    everyone[list(closed)] = False
    return Mask(everyone, Ragged(np.array([0, len(own)]), np.array(own, np.int64)))


class TestBestOf:
    @pytest.mark.parametrize("value", [0.0, 0.0004, -0.0004, -1.0])
    def test_leaves_out_what_has_no_whole_point(self, value: float):
        found = best_of(sums({2: 1.0, 1: value}), scale=1000, allowed=mask(), k=2)

        assert found.positions.tolist() == [[2, -1]]
        assert found.points.tolist() == [[1000, 0]]

    def test_gives_the_smallest_whole_point(self):
        found = best_of(sums({1: 0.001}), scale=1000, allowed=mask(), k=1)

        assert (found.positions.tolist(), found.points.tolist()) == ([[1]], [[1]])

    def test_puts_the_earlier_position_first_where_whole_points_are_equal(self):
        found = best_of(sums({3: 0.5004, 1: 0.5001, 2: 0.5}), scale=1000, allowed=mask(), k=2)

        assert found.positions.tolist() == [[1, 2]]

    def test_masks_before_it_cuts(self):
        found = best_of(sums({0: 4, 1: 3, 2: 2, 3: 1}), scale=1000, allowed=mask(0, closed=(1,)), k=2)

        assert found.positions.tolist() == [[2, 3]]
