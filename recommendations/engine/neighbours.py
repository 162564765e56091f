"""Item-item links: the products that each product supports, with weights."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from recommendations.engine.ragged import Ragged, starts_of

_BLOCK_BYTES = 32 * 1024 * 1024


def load_mapped(path: Path) -> NDArray[Any]:
    """Return a saved array, memory-mapped, as a plain ndarray: its small slices are several times faster."""
    return np.load(path, mmap_mode="r", allow_pickle=False).view(np.ndarray)


@dataclass(frozen=True, slots=True)
class Links:
    """Sparse item-item weights. Row j holds the columns that column j supports, in ascending order.

    starts:  shape (n_columns + 1,), int64
    columns: shape (n_links,), int32
    weights: shape (n_links,), float32, never 0; a negative weight counts against the column
    """

    starts: NDArray[np.int64]
    columns: NDArray[np.int32]
    weights: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def save(self, folder: Path) -> None:
        """Write three .npy files. Raises OSError."""
        for name in ("starts", "columns", "weights"):
            np.save(folder / f"{name}.npy", getattr(self, name), allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Return the links saved in the folder, memory-mapped. Raises OSError or ValueError."""
        return cls(*(load_mapped(folder / f"{name}.npy") for name in ("starts", "columns", "weights")))

    def of(self, columns: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the indices of all links of the given columns, and the number of links of each column."""
        begins = np.asarray(self.starts[columns])
        lengths = self.starts[columns + 1] - begins
        starts = starts_of(lengths)
        return np.arange(starts[-1]) + np.repeat(begins - starts[:-1], lengths), lengths


@dataclass(frozen=True, slots=True)
class Sums:
    """Sparse scores: for each user, the columns with a link from their history and the sum of the weights.

    columns: one row a user, no duplicates, unordered
    values:  shape (n_entries,), float32, aligned with columns.flat
    """

    columns: Ragged
    values: NDArray[np.float32]


def summed(links: Links, liked: Ragged, liking: NDArray[np.float32]) -> Sums:
    """Return, for each user, the weighted sum of the links of all columns that they like.

    The cost is proportional to the number of links of each history, not to the number of products.

    liked: one row a user, columns; liking: shape (n_entries,), aligned with liked.flat
    """
    total, mark = np.zeros(len(links), np.float32), np.zeros(len(links), np.int32)
    columns, values = [], []
    for user in range(len(liked)):
        mine = slice(liked.starts[user], liked.starts[user + 1])
        places, lengths = links.of(liked.flat[mine])
        to = links.columns[places]
        np.add.at(total, to, links.weights[places] * np.repeat(liking[mine], lengths))
        turn = np.arange(len(to), dtype=np.int32)
        mark[to] = turn
        once = to[mark[to] == turn]
        columns.append(once)
        values.append(total[once])
        total[once] = 0
    starts = starts_of(np.array([len(row) for row in columns], np.int64))
    if not columns:
        return Sums(Ragged(starts, np.zeros(0, np.int64)), np.zeros(0, np.float32))
    return Sums(Ragged(starts, np.concatenate(columns).astype(np.int64)), np.concatenate(values))


def contributions(
    links: Links, liked: NDArray[np.int64], liking: NDArray[np.float32], columns: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Return what each liked column adds to each of the given columns, shape (n_liked, n_given).

    liked, liking: shape (n_liked,), of one user; columns: shape (n_given,), a few, -1 for none
    """
    found = np.zeros((len(liked), len(columns)), np.float32)
    if not len(liked) or not len(columns):
        return found
    places, lengths = links.of(liked)
    to, rows = links.columns[places], np.repeat(np.arange(len(liked)), lengths)
    order = np.argsort(columns, kind="stable")
    near = np.minimum(np.searchsorted(columns[order], to), len(columns) - 1)
    hit = columns[order][near] == to
    found[rows[hit], order[near[hit]]] = links.weights[places[hit]]
    return found * liking[:, None]


def strongest(dense: NDArray[np.float32], *, n_links: int) -> Links:
    """Return, for each row of a square matrix, the n_links entries that are largest by absolute value."""
    n = len(dense)
    step = max(1, _BLOCK_BYTES // (16 * max(n, 1)))
    parts = (_strongest_rows(dense[start : start + step], n_links) for start in range(0, n, step))
    return joined(parts, n * min(n_links, n))


def _strongest_rows(block: NDArray[np.float32], n_links: int) -> csr_array:
    if n_links < block.shape[1]:
        size = np.abs(block)
        kept = np.argpartition(-size, n_links - 1, axis=1)[:, :n_links]
        values = np.take_along_axis(block, kept, axis=1)
        rows = np.repeat(np.arange(len(block)), n_links)
        return csr_array((values.ravel(), (rows, kept.ravel())), block.shape)
    return csr_array(block)


def joined(parts: Iterable[csr_array], n_at_most: int) -> Links:
    """Return the rows of sparse blocks, stacked vertically, without zeros.

    Each block is copied and freed before the next one is computed, and reserved arrays take memory only
    where they are written, so the links are never in memory twice.

    n_at_most: upper bound of the number of links in all blocks
    """
    columns, weights = np.empty(n_at_most, np.int32), np.empty(n_at_most, np.float32)
    lengths, end = [np.zeros(0, np.int64)], 0
    for part in parts:
        part.eliminate_zeros()
        part.sort_indices()
        begin, end = end, end + part.nnz
        columns[begin:end], weights[begin:end] = part.indices, part.data
        lengths.append(np.diff(part.indptr).astype(np.int64))
    for array in (columns, weights):
        array.resize(end, refcheck=False)  # in place; no other reference exists
    return Links(starts_of(np.concatenate(lengths)), columns, weights)
