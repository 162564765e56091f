"""Points from posting lists: cases that the tests of the pipeline do not cover."""

import numpy as np
import pytest

from recommendations.engine.histories import Candidates, Mask
from recommendations.engine.matching import Profiles, Weights, best_matches
from recommendations.engine.ragged import empty
from tests.worlds import Article, World


class TestWeights:
    def test_lists_every_score_that_can_be_reached_highest_first(self):
        assert Weights(10, 3).scores(5) == [25, 22, 19, 16, 15, 13, 12, 10, 9, 6, 3]

    @pytest.mark.parametrize("points", [0, -1, 1001, 2.5, True, "10"])
    def test_refuses_points_that_are_no_whole_number_from_1_to_1000(self, points: object):
        with pytest.raises(ValueError, match="category_points is"):
            Weights(points, 3)  # type: ignore[arg-type]


class TestBestMatches:
    def test_counts_beyond_a_byte(self):
        features = World({1: Article("A", frozenset({"x"})), 2: Article("A")}).snapshot().features

        found = best_matches(
            features.postings,
            Profiles(np.array([[0]]), np.array([[0]])),
            Weights(900, 800),
            allowed=Mask(np.array([True, True]), empty(1)),
            k=2,
        )

        assert found.points.tolist() == [[1_700_000, 900_000]]


class TestCandidates:
    def test_refuses_points_that_do_not_fit_the_positions(self):
        with pytest.raises(ValueError, match="n_users, k"):
            Candidates(np.zeros((1, 2), np.int64), np.zeros((1, 3), np.int64))
