"""The sparse item-item model, compared with cosines computed one by one."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from recommendations.engine import item_item
from recommendations.engine.item_item import cosine
from tests.unit.engine.test_linear import dense


def naive(matrix: np.ndarray, damping: float, shrinkage: float) -> np.ndarray:
    n = matrix.shape[1]
    users = [max(int((row > 0).sum()), 1) ** -damping for row in matrix]

    def common(i: int, j: int) -> float:
        return sum(weight * row[i] * row[j] for weight, row in zip(users, matrix, strict=True))

    found = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            shared = common(i, j)
            if i != j and shared:
                angle = shared / np.sqrt(common(i, i) * common(j, j))
                found[i, j] = angle * shared / (shared + shrinkage)
    return found


def world(seed: int, n: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    return (random.random((15, n)) * (random.random((15, n)) < 0.4)).astype(np.float32)


class TestCosine:
    @given(
        seed=st.integers(0, 10_000),
        n=st.integers(1, 10),
        damping=st.sampled_from([0, 0.5, 1]),
        shrinkage=st.sampled_from([0, 1, 3]),
    )
    @settings(deadline=None, max_examples=60)
    def test_is_the_shrunk_cosine_over_users_who_count_less_the_more_they_met(
        self, seed, n, damping, shrinkage
    ):
        matrix = world(seed, n)

        links = cosine(csr_array(matrix), damping=damping, shrinkage=shrinkage, n_links=n)

        assert np.allclose(dense(links), naive(matrix, damping, shrinkage), atol=1e-5)

    def test_leaves_the_matrix_as_it_was(self):
        matrix = csr_array(world(3, 8))
        before = matrix.toarray()

        cosine(matrix, damping=1, shrinkage=1, n_links=3)

        assert np.array_equal(matrix.toarray(), before)

    @given(seed=st.integers(0, 10_000), n_links=st.integers(1, 5))
    @settings(deadline=None, max_examples=40)
    def test_keeps_the_nearest_of_each_product(self, seed, n_links):
        matrix = world(seed, 9)
        full = naive(matrix, 0.5, 1)

        kept = dense(cosine(csr_array(matrix), damping=0.5, shrinkage=1, n_links=n_links))

        for row, whole in zip(kept, full, strict=True):
            assert np.allclose(
                np.sort(row)[::-1], [*np.sort(whole)[::-1][:n_links], *[0] * (9 - n_links)], atol=1e-5
            )

    def test_is_the_same_in_small_blocks(self, monkeypatch):
        matrix = csr_array(world(5, 30))
        whole = dense(cosine(matrix, damping=0.5, shrinkage=2, n_links=4))

        monkeypatch.setattr(item_item, "_BLOCK_ENTRIES", 10)

        assert np.array_equal(dense(cosine(matrix, damping=0.5, shrinkage=2, n_links=4)), whole)

    def test_leaves_a_product_that_nobody_likes_without_links(self):
        matrix = np.array([[1, 0, 1], [1, 0, 1]], np.float32)

        found = dense(cosine(csr_array(matrix), damping=0.5, shrinkage=0, n_links=3))

        assert np.allclose(found, [[0, 0, 1], [0, 0, 0], [1, 0, 0]])
