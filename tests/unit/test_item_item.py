"""The sparse item-item model against cosines worked out one by one."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from recommendations.engine import item_item
from recommendations.engine.item_item import cosine
from tests.unit.test_linear import dense


def naive(matrix: np.ndarray, shrinkage: float) -> np.ndarray:
    n = matrix.shape[1]
    found = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            common = matrix[:, i] @ matrix[:, j]
            if i != j and common:
                lengths = np.linalg.norm(matrix[:, i]) * np.linalg.norm(matrix[:, j])
                found[i, j] = common / lengths * common / (common + shrinkage)
    return found


def world(seed: int, n: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    return (random.random((15, n)) * (random.random((15, n)) < 0.4)).astype(np.float32)


class TestCosine:
    @given(seed=st.integers(0, 10_000), n=st.integers(1, 10))
    @settings(deadline=None, max_examples=40)
    def test_is_the_shrunk_cosine(self, seed, n):
        matrix = world(seed, n)

        links = cosine(csr_array(matrix), shrinkage=3, n_links=n)

        assert np.allclose(dense(links), naive(matrix, 3), atol=1e-5)

    @given(seed=st.integers(0, 10_000), n_links=st.integers(1, 5))
    @settings(deadline=None, max_examples=40)
    def test_keeps_the_nearest_of_each_product(self, seed, n_links):
        matrix = world(seed, 9)
        full = naive(matrix, 1)

        kept = dense(cosine(csr_array(matrix), shrinkage=1, n_links=n_links))

        for row, whole in zip(kept, full, strict=True):
            assert np.allclose(
                np.sort(row)[::-1], [*np.sort(whole)[::-1][:n_links], *[0] * (9 - n_links)], atol=1e-5
            )

    def test_is_the_same_in_small_blocks(self, monkeypatch):
        matrix = csr_array(world(5, 30))
        whole = dense(cosine(matrix, shrinkage=2, n_links=4))

        monkeypatch.setattr(item_item, "_BLOCK_ENTRIES", 10)

        assert np.array_equal(dense(cosine(matrix, shrinkage=2, n_links=4)), whole)

    def test_leaves_a_product_that_nobody_likes_without_links(self):
        matrix = np.array([[1, 0, 1], [1, 0, 1]], np.float32)

        found = dense(cosine(csr_array(matrix), shrinkage=0, n_links=3))

        assert np.allclose(found, [[0, 0, 1], [0, 0, 0], [1, 0, 0]])
