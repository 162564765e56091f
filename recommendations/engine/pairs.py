"""Which products are in the same baskets more often than by chance."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from recommendations.engine.ragged import Ragged, starts_of

BLOCK_BYTES = 64 * 1024 * 1024
_BYTES_A_PAIR = 32  # of a sparse product while it is made and sorted
_THOUSANDTHS = 1000


@dataclass(frozen=True, slots=True)
class Pairs:
    """Row a holds what goes with column a, by lift, then by support, then by column.

    starts:  shape (n_columns + 1,), int64
    columns: shape (n_pairs,), int32
    support: shape (n_pairs,), int32, the number of baskets with both
    lift:    shape (n_pairs,), int64, thousandths: 1,000 is what chance would give, and each is above it
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
        """Return what was saved there, memory-mapped. Raises OSError or ValueError."""
        return cls(
            *(np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in cls.__slots__)
        )


def pairs(
    baskets: Ragged, n_columns: int, *, min_support: int, n_kept: int, block_bytes: int = BLOCK_BYTES
) -> Pairs:
    """Return the n pairs of each column that have the highest lift among those with enough support.

    Pairs that are no more often in one basket than chance would have it, to the thousandth, are left out.
    Lift (Brin, Motwani, Ullman & Tsur, 1997) is n(a, b) × N ÷ (n(a) × n(b)), over N baskets. Pairs are
    counted by multiplying sparse matrices, some columns at a time, under block_bytes.

    baskets: one row a basket, columns, none twice
    """
    ones = np.ones(len(baskets.flat), np.int32)
    held = csr_array((ones, baskets.flat, baskets.starts), (len(baskets), n_columns))
    by_column = held.T.tocsr()
    rule = _Rule(np.diff(by_column.indptr).astype(np.int64), len(baskets), min_support, n_kept)
    blocks = _blocks(_sizes(by_column, baskets), block_bytes)
    return _joined([rule.best((by_column[start:end] @ held).tocsr(), start) for start, end in blocks])


@dataclass(frozen=True, slots=True)
class _Rule:
    """counts: shape (n_columns,), in how many of the baskets each is; the rest as `pairs` has it."""

    counts: NDArray[np.int64]
    n_baskets: int
    min_support: int
    n_kept: int

    def best(self, common: csr_array, first: int) -> Pairs:
        """Return the pairs of a block of columns, which begins with `first`.

        common: shape (n_in_block, n_columns), the number of baskets with both
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
    """Return the most pairs that each column can have, shape (n_columns,)."""
    added = np.concatenate([np.zeros(1, np.int64), np.cumsum(baskets.lengths[by_column.indices])])
    return np.minimum(np.diff(added[by_column.indptr]), by_column.shape[0])


def _blocks(sizes: NDArray[np.int64], block_bytes: int) -> list[tuple[int, int]]:
    """Return ranges of columns, each of one column at least, whose pairs need no more than so many bytes."""
    most = block_bytes // _BYTES_A_PAIR
    ends = np.cumsum(sizes)
    blocks, start = [], 0
    while start < len(sizes):
        before = int(ends[start - 1]) if start else 0
        end = max(start + 1, int(np.searchsorted(ends, before + most, side="right")))
        blocks.append((start, end))
        start = end
    return blocks
