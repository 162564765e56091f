"""Hashes of arrays that do not depend on the order of their rows."""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def digest(*columns: NDArray[Any]) -> str:
    """Return a hash of the rows of these columns, whatever their order: 128 bits and their number."""
    rows = np.zeros(len(columns[0]), np.uint64)
    for column in columns:
        rows = _mixed(rows ^ column.astype(np.uint64))
    sums = [int(lane.sum(dtype=np.uint64)) for lane in (rows, _mixed(rows))]
    return f"{len(rows)}-{sums[0]:016x}{sums[1]:016x}"


def hashes(names: Sequence[str]) -> NDArray[np.uint64]:
    """Return a hash of each name, shape (n_names,)."""
    digests = [
        hashlib.blake2b(name.encode("utf-8", "backslashreplace"), digest_size=8).digest() for name in names
    ]
    return np.frombuffer(b"".join(digests), "<u8").astype(np.uint64)


def sums(values: NDArray[np.uint64], starts: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return the sum of each row of a Ragged with these starts, modulo 2**64."""
    totals = np.concatenate([np.zeros(1, np.uint64), np.cumsum(values, dtype=np.uint64)])
    return totals[starts[1:]] - totals[starts[:-1]]


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the values scattered over all 64 bits (SplitMix64: Steele, Lea & Flood, 2014)."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
