"""The closed-form linear model, compared with its formula, and the links that it keeps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from recommendations.engine.linear import ease
from recommendations.engine.neighbours import Links


def dense(links: Links) -> np.ndarray:
    n = len(links)
    return csr_array((links.weights, links.columns, links.starts), (n, n)).toarray()


def naive(matrix: np.ndarray, regularisation: float) -> np.ndarray:
    inverse = np.linalg.inv(matrix.T @ matrix + regularisation * np.eye(matrix.shape[1]))
    weights = inverse / -np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return weights


class TestEase:
    @given(seed=st.integers(0, 10_000), n=st.integers(1, 12))
    @settings(deadline=None, max_examples=40)
    def test_is_the_closed_form(self, seed, n):
        matrix = np.random.default_rng(seed).random((20, n)).round(1)

        links = ease(csr_array(matrix.astype(np.float32)), regularisation=2, n_links=n)

        assert np.allclose(dense(links), naive(matrix, 2), atol=1e-4)

    def test_is_the_closed_form_across_blocks_of_rows(self):
        matrix = (np.random.default_rng(3).random((40, 700)) < 0.1).astype(np.float32)

        links = ease(csr_array(matrix), regularisation=5, n_links=700)

        assert np.allclose(dense(links), naive(matrix, 5), atol=1e-4)

    def test_keeps_the_largest_links_of_each_product(self):
        matrix = np.random.default_rng(1).random((30, 8)).astype(np.float32)
        full = np.abs(naive(matrix, 1))

        kept = dense(ease(csr_array(matrix), regularisation=1, n_links=3)) != 0

        assert (kept.sum(axis=1) == 3).all()
        for row, size in zip(kept, full, strict=True):
            assert size[row].min() >= size[~row].max()

    def test_makes_nothing_of_no_products(self):
        assert len(ease(csr_array((0, 0), dtype=np.float32), regularisation=1, n_links=3)) == 0

    def test_asks_for_more_regularisation_where_nothing_can_be_inverted(self):
        same = csr_array(np.ones((5, 3), np.float32))

        with pytest.raises(ValueError, match="a larger regularisation is needed"):
            ease(same, regularisation=0, n_links=3)
