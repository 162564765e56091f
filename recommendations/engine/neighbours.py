"""Links between products: which ones each product speaks for, and how strongly."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from recommendations.engine.ragged import Ragged, starts_of

_BLOCK_BYTES = 32 * 1024 * 1024


def mapped(path: Path) -> NDArray[Any]:
    """Return a saved array, memory-mapped, as a plain array: small slices of it are several times quicker."""
    return np.load(path, mmap_mode="r", allow_pickle=False).view(np.ndarray)


@dataclass(frozen=True, slots=True)
class Links:
    """Row j holds the columns that column j speaks for, in rising order.

    starts:  shape (n_columns + 1,), int64
    columns: shape (n_links,), int32
    weights: shape (n_links,), float32, never 0; below 0 speaks against
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
        """Return what was saved there, memory-mapped. Raises OSError or ValueError."""
        return cls(*(mapped(folder / f"{name}.npy") for name in ("starts", "columns", "weights")))

    def of(self, columns: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the places of all links of some columns, one after another, and how many each has."""
        begins = np.asarray(self.starts[columns])
        lengths = self.starts[columns + 1] - begins
        starts = starts_of(lengths)
        return np.arange(starts[-1]) + np.repeat(begins - starts[:-1], lengths), lengths


@dataclass(frozen=True, slots=True)
class Sums:
    """What was summed up for each user: the columns that anything speaks for or against, and by how much.

    columns: one row a user, none twice, in no order
    values:  shape (n_entries,), float32, along columns.flat
    """

    columns: Ragged
    values: NDArray[np.float32]


def summed(links: Links, tastes: Ragged, liking: NDArray[np.float32]) -> Sums:
    """Return, for each user, the links of all that they like, weighted and summed up.

    Costs what the links of each history cost, and nothing for products that it does not touch.

    tastes: one row a user, columns; liking: shape (n_entries,), along tastes.flat
    """
    total, mark = np.zeros(len(links), np.float32), np.zeros(len(links), np.int32)
    columns, values = [], []
    for user in range(len(tastes)):
        mine = slice(tastes.starts[user], tastes.starts[user + 1])
        places, lengths = links.of(tastes.flat[mine])
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
    links: Links, tastes: NDArray[np.int64], liking: NDArray[np.float32], columns: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Return what each liked column adds to each of the given ones, shape (n_tastes, n_given).

    tastes, liking: shape (n_tastes,), of one user; columns: shape (n_given,), a few, -1 for none
    """
    found = np.zeros((len(tastes), len(columns)), np.float32)
    if not len(tastes) or not len(columns):
        return found
    places, lengths = links.of(tastes)
    to, rows = links.columns[places], np.repeat(np.arange(len(tastes)), lengths)
    order = np.argsort(columns, kind="stable")
    near = np.minimum(np.searchsorted(columns[order], to), len(columns) - 1)
    hit = columns[order][near] == to
    found[rows[hit], order[near[hit]]] = links.weights[places[hit]]
    return found * liking[:, None]


def strongest(dense: NDArray[np.float32], *, n_links: int) -> Links:
    """Return the n links of each row of a square matrix that are largest by absolute value."""
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
    """Return the rows of sparse blocks, one below another, without zeros.

    Each block is copied and let go before the next one is asked for, and what is reserved takes memory
    only where it is written to: so the links are never held twice. n_at_most: of links, in all blocks
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
        array.resize(end, refcheck=False)  # in place; nothing else knows of it
    return Links(starts_of(np.concatenate(lengths)), columns, weights)
