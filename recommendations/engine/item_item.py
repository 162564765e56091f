"""Sparse item-item model: cosine similarity of products by their users, for catalogues of any size."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array

from recommendations.engine.neighbours import Links, joined
from recommendations.engine.ragged import starts_of

_BLOCK_ENTRIES = 4_000_000
_THREADS = min(os.cpu_count() or 1, 4)


def cosine(matrix: csr_array, *, damping: float, shrinkage: float, n_links: int) -> Links:
    """Return the n_links nearest columns of each column by cosine similarity (Sarwar et al., 2001).

    Users are weighted by their number of products to the power of -damping, as in a random walk over users
    (Paudel et al., 2017, where damping is 1). The cosine is multiplied by w / (w + shrinkage), where w is
    the common weight of the two columns, so that the co-occurrences of a single user count little
    (Bell & Koren, 2007). Computed in blocks of columns with a bounded number of multiplications, so memory
    does not depend on the size of the catalogue.

    matrix: shape (n_users, n_columns), values above 0
    """
    by_column, n_met = matrix.tocsc(), np.diff(matrix.indptr)
    n = by_column.shape[1]
    user_weight = (np.maximum(n_met, 1) ** (-damping / 2)).astype(np.float32)
    by_column.data *= user_weight[by_column.indices]
    length = np.sqrt(np.maximum(_sums_of_squares(by_column, n), np.finfo(np.float32).tiny))
    by_column.data *= user_weight[by_column.indices]  # the other factor, too: the matrix stays unweighted
    blocks = _blocks(_costs(by_column, n_met))

    def nearest(block: tuple[int, int]) -> csr_array:
        start, end = block
        common = (by_column[:, start:end].T @ matrix).tocsr()
        rows = np.repeat(np.arange(end - start, dtype=np.int32), np.diff(common.indptr))
        common.data *= common.data / (
            (common.data + shrinkage) * length[rows + start] * length[common.indices]
        )
        common.data[common.indices == rows + start] = 0
        return _cut(common, rows, n_links)

    # Sparse multiplication releases the GIL, so blocks run in parallel.
    with ThreadPoolExecutor(_THREADS) as pool:
        return joined(pool.map(nearest, blocks), n * min(n_links, n))


def _costs(by_column: csc_array, work: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return the cumulative number of multiplications before each column, shape (n_columns + 1,)."""
    entries = np.append(work[by_column.indices], 0).astype(np.int64)
    return starts_of(np.add.reduceat(entries, by_column.indptr[:-1]) * (np.diff(by_column.indptr) > 0))


def _sums_of_squares(by_column: csr_array, n: int) -> NDArray[np.float32]:
    columns = np.repeat(np.arange(n), np.diff(by_column.indptr))
    return np.bincount(columns, by_column.data**2, minlength=n).astype(np.float32)


def _blocks(cost: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Return ranges of columns, each of at most _BLOCK_ENTRIES multiplications or of a single column."""
    found, start, n = [], 0, len(cost) - 1
    while start < n:
        end = int(np.searchsorted(cost, cost[start] + _BLOCK_ENTRIES, side="right")) - 1
        end = min(max(end, start + 1), n)
        found.append((start, end))
        start = end
    return found


def _cut(block: csr_array, rows: NDArray[np.int32], n_links: int) -> csr_array:
    """Return the n_links largest entries of each row. Only rows with more entries are sorted."""
    lengths = np.diff(block.indptr)
    long = np.flatnonzero(lengths[rows] > n_links)
    order = long[np.lexsort((-block.data[long], rows[long]))]
    place = np.arange(len(order)) - np.repeat(
        starts_of(lengths[lengths > n_links])[:-1], lengths[lengths > n_links]
    )
    block.data[order[place >= n_links]] = 0
    block.eliminate_zeros()
    return block
