"""Association rules: products that share baskets more often than by chance."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from recommendations.engine.ragged import Ragged, starts_of

BLOCK_BYTES = 64 * 1024 * 1024
_BYTES_A_PAIR = 32  # of a sparse matrix product while it is computed and sorted
_THOUSANDTHS = 1000


@dataclass(frozen=True, slots=True)
class Pairs:
    """Associated columns. Row a lists those of column a, by lift, then by support, then by column.

    starts:  shape (n_columns + 1,), int64
    columns: shape (n_pairs,), int32
    support: shape (n_pairs,), int32, number of baskets with both
    lift:    shape (n_pairs,), int64, thousandths, above 1,000, which is the lift of independent products
    """

    starts: NDArray[np.int64]
    columns: NDArray[np.int32]
    support: NDArray[np.int32]
    lift: NDArray[np.int64]

    def save(self, folder: Path) -> None:
        """Write four .npy files. Raises OSError."""
        for name in self.__slots__:
            np.save(folder / f"{name}.npy", getattr(self, name), allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Return the pairs saved in the folder, memory-mapped. Raises OSError or ValueError."""
        return cls(
            *(np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in cls.__slots__)
        )


def pairs(
    baskets: Ragged, n_columns: int, *, min_support: int, n_kept: int, block_bytes: int = BLOCK_BYTES
) -> Pairs:
    """Return the n_kept pairs of each column with the highest lift among those with enough support.

    Lift (Brin, Motwani, Ullman & Tsur, 1997) is n(a, b) × N ÷ (n(a) × n(b)), over N baskets. Pairs whose
    lift, rounded to thousandths, is 1 or less are left out. Pairs are counted by sparse matrix
    multiplication in blocks of columns, each under block_bytes.

    baskets: one row a basket, columns without duplicates
    """
    ones = np.ones(len(baskets.flat), np.int32)
    held = csr_array((ones, baskets.flat, baskets.starts), (len(baskets), n_columns))
    by_column = held.T.tocsr()
    rule = _Rule(np.diff(by_column.indptr).astype(np.int64), len(baskets), min_support, n_kept)
    blocks = _blocks(_sizes(by_column, baskets), block_bytes)
    return _joined([rule.best((by_column[start:end] @ held).tocsr(), start) for start, end in blocks])


@dataclass(frozen=True, slots=True)
class _Rule:
    """The selection of pairs. counts: shape (n_columns,), baskets of each column; others: as in `pairs`."""

    counts: NDArray[np.int64]
    n_baskets: int
    min_support: int
    n_kept: int

    def best(self, common: csr_array, first: int) -> Pairs:
        """Return the pairs of a block of columns that begins at column `first`.

        common: shape (n_in_block, n_columns), number of baskets with both
        """
        rows = np.repeat(np.arange(common.shape[0]), np.diff(common.indptr))
        columns, support = common.indices.astype(np.int64), common.data.astype(np.int64)
        enough = (support >= self.min_support) & (columns != rows + first)
        rows, columns, support = rows[enough], columns[enough], support[enough]
        times = support * self.n_baskets / (self.counts[rows + first] * self.counts[columns])
        lift = np.rint(times * _THOUSANDTHS).astype(np.int64)
        often = lift > _THOUSANDTHS
        rows, columns, support, lift = rows[often], columns[often], support[often], lift[often]
        order = np.lexsort((columns, -support, -lift, rows))
        rows = rows[order]
        kept = np.arange(len(rows)) - np.searchsorted(rows, rows) < self.n_kept
        rows, order = rows[kept], order[kept]
        return Pairs(
            starts_of(np.bincount(rows, minlength=common.shape[0])),
            columns[order].astype(np.int32),
            support[order].astype(np.int32),
            lift[order],
        )


def _joined(parts: list[Pairs]) -> Pairs:
    nothing = Pairs(
        np.zeros(1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.int64)
    )
    every = [nothing, *parts]
    return Pairs(
        starts_of(np.concatenate([np.diff(part.starts) for part in every])),
        np.concatenate([part.columns for part in every]),
        np.concatenate([part.support for part in every]),
        np.concatenate([part.lift for part in every]),
    )


def _sizes(by_column: csr_array, baskets: Ragged) -> NDArray[np.int64]:
    """Return an upper bound of the number of pairs of each column, shape (n_columns,)."""
    added = np.concatenate([np.zeros(1, np.int64), np.cumsum(baskets.lengths[by_column.indices])])
    return np.minimum(np.diff(added[by_column.indptr]), by_column.shape[0])


def _blocks(sizes: NDArray[np.int64], block_bytes: int) -> list[tuple[int, int]]:
    """Return ranges of columns whose pairs need at most block_bytes, or of a single column."""
    most = block_bytes // _BYTES_A_PAIR
    ends = np.cumsum(sizes)
    blocks, start = [], 0
    while start < len(sizes):
        before = int(ends[start - 1]) if start else 0
        end = max(start + 1, int(np.searchsorted(ends, before + most, side="right")))
        blocks.append((start, end))
        start = end
    return blocks
