"""The sparse item-item model: products that the same users like, for catalogues of any size."""

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
    """Return each column's nearest columns by cosine, the strongest alone, a block of columns at a time.

    A user counts the less the more products they met, to the power of the damping, as in a random walk that
    leaves them by any of these (Paudel et al., 2017, where it is 1). The cosine of two columns, so weighed,
    times their common weight over that weight plus the shrinkage (Bell & Koren, 2007), so that what one
    user happened to do together counts little. Blocks are cut by the number of products that they multiply,
    so memory does not depend on the catalogue.

    matrix: shape (n_users, n_columns), values above 0
    """
    by_column, n_met = matrix.tocsc(), np.diff(matrix.indptr)
    n = by_column.shape[1]
    lighter = (np.maximum(n_met, 1) ** (-damping / 2)).astype(np.float32)
    by_column.data *= lighter[by_column.indices]
    length = np.sqrt(np.maximum(_sums_of_squares(by_column, n), np.finfo(np.float32).tiny))
    by_column.data *= lighter[by_column.indices]  # for the other side, too: the matrix stays as it is
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

    # Multiplying leaves other threads alone, so each core may have a block.
    with ThreadPoolExecutor(_THREADS) as pool:
        return joined(pool.map(nearest, blocks), n * min(n_links, n))


def _costs(by_column: csc_array, work: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return how many products are multiplied for all columns before each one, shape (n_columns + 1,)."""
    entries = np.append(work[by_column.indices], 0).astype(np.int64)
    return starts_of(np.add.reduceat(entries, by_column.indptr[:-1]) * (np.diff(by_column.indptr) > 0))


def _sums_of_squares(by_column: csr_array, n: int) -> NDArray[np.float32]:
    columns = np.repeat(np.arange(n), np.diff(by_column.indptr))
    return np.bincount(columns, by_column.data**2, minlength=n).astype(np.float32)


def _blocks(cost: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Return ranges of columns that cost no more than a block's entries each, or are a single column."""
    found, start, n = [], 0, len(cost) - 1
    while start < n:
        end = int(np.searchsorted(cost, cost[start] + _BLOCK_ENTRIES, side="right")) - 1
        end = min(max(end, start + 1), n)
        found.append((start, end))
        start = end
    return found


def _cut(block: csr_array, rows: NDArray[np.int32], n_links: int) -> csr_array:
    """Return each row's largest entries alone. Only rows that hold more than that are sorted."""
    lengths = np.diff(block.indptr)
    long = np.flatnonzero(lengths[rows] > n_links)
    order = long[np.lexsort((-block.data[long], rows[long]))]
    place = np.arange(len(order)) - np.repeat(
        starts_of(lengths[lengths > n_links])[:-1], lengths[lengths > n_links]
    )
    block.data[order[place >= n_links]] = 0
    block.eliminate_zeros()
    return block
