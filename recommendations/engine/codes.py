"""Ids encoded as consecutive integers from 0, fast and in little memory for millions of ids."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_MOST_PER_VALUE = 4


@dataclass(frozen=True, slots=True)
class Coded:
    """The result of numpy's `unique`, with int32 codes.

    values: shape (n_values,), int64, ascending, distinct
    codes:  shape (n,), int32, the index of each id in values; widen it before multiplying
    counts: shape (n_values,), int64, number of occurrences of each value
    """

    values: NDArray[np.int64]
    codes: NDArray[np.int32]
    counts: NDArray[np.int64]


def coded(ids: NDArray[np.int64]) -> Coded:
    """Return the distinct ids, and the index of each given id among them.

    Database ids are dense, so they are counted by `bincount`, without sorting: 20 million ids of a million
    products take 0.5 s and 100 MB instead of 7 s and 800 MB (November 2026). Sparse ids are sorted.

    ids: shape (n,)
    """
    if len(ids) and ids.min() >= 0 and ids.max() < _MOST_PER_VALUE * len(ids):
        every = np.bincount(ids)
        place = np.cumsum(every > 0, dtype=np.int32) - np.int32(1)
        values = np.flatnonzero(every)
        return Coded(values, place[ids], every[values])
    values, codes, counts = np.unique(ids, return_inverse=True, return_counts=True)
    return Coded(values, codes.astype(np.int32), counts)


def distinct(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the distinct keys, ascending. Sorts the given array in place.

    Sorting takes 1.5 s for 20 million distinct keys. numpy's `unique` fills a hash table in 33 s, and half a
    gigabyte of it stays allocated (numpy 2.4, November 2026).

    keys: shape (n,)
    """
    keys.sort()
    new = np.ones(len(keys), bool)
    np.not_equal(keys[1:], keys[:-1], out=new[1:])
    return keys[new]
