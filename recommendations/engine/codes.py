"""Ids as codes that count from 0: quickly and in little memory, where there are many."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_MOST_PER_VALUE = 4


@dataclass(frozen=True, slots=True)
class Coded:
    """What numpy's `unique` says of ids, in half the width.

    values: shape (n_values,), int64, rising, none twice
    codes:  shape (n,), int32, the place of each id among the values; widen it before it is multiplied
    counts: shape (n_values,), int64, how often each value is there
    """

    values: NDArray[np.int64]
    codes: NDArray[np.int32]
    counts: NDArray[np.int64]


def coded(ids: NDArray[np.int64]) -> Coded:
    """Return each id's place among all that there are.

    Ids of a database lie close together: then they are counted where they lie, without sorting: 20 million of
    a million products in 0.5 s and 100 MB, in place of 7 s and 800 MB (November 2026). ids: shape (n,)
    """
    if len(ids) and ids.min() >= 0 and ids.max() < _MOST_PER_VALUE * len(ids):
        every = np.bincount(ids)
        place = np.cumsum(every > 0, dtype=np.int32) - np.int32(1)
        values = np.flatnonzero(every)
        return Coded(values, place[ids], every[values])
    values, codes, counts = np.unique(ids, return_inverse=True, return_counts=True)
    return Coded(values, codes.astype(np.int32), counts)


def distinct(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the keys rising, none twice; the given array is sorted on the way.

    By sorting: 20 million different keys in 1.5 s. Numpy's `unique` fills a hash table in 33 s, and half a
    gigabyte of it stays with the process (numpy 2.4, November 2026). keys: shape (n,)
    """
    keys.sort()
    new = np.ones(len(keys), bool)
    np.not_equal(keys[1:], keys[:-1], out=new[1:])
    return keys[new]
