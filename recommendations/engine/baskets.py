"""What was bought in one go, from who bought what when."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.codes import distinct
from recommendations.engine.days import local_days
from recommendations.engine.ragged import Ragged, starts_of

_MIX = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Baskets:
    """products: one row a basket, rising, none twice; rows: shape (n_baskets,), whose each basket is.

    A user's baskets are in no order; `of_event` says which one each purchase went into, shape (n_purchases,).
    """

    products: Ragged
    rows: NDArray[np.int64]
    of_event: NDArray[np.int64]


def baskets(
    rows: NDArray[np.int64], products: NDArray[np.int64], at: NDArray[np.int64], *, zone: str
) -> Baskets:
    """Return the baskets of purchases: what one user bought at one moment is one basket.

    What was bought alone at its moment goes with the other such purchases of the user and the local day.

    rows, products, at: shape (n_purchases,): whose it is, what it is (small numbers: positions or columns,
    not ids), when it was, in seconds since 1970
    """
    # A moment with a single product is marked by its day (even), one with more by itself (odd).
    moments, of_moment = _grouped(rows, at)
    several = _distinct(of_moment, products, moments) > 1
    when = np.where(several[of_moment], 2 * at + 1, 2 * local_days(at, zone))
    n_baskets, of_event = _grouped(rows, when)
    whose = np.zeros(n_baskets, np.int64)
    whose[of_event] = rows
    width = int(products.max(initial=0)) + 1
    held, once = np.divmod(distinct(of_event * width + products), width)
    lengths = np.bincount(held, minlength=n_baskets)
    return Baskets(Ragged(starts_of(lengths), once), whose, of_event)


def _grouped(rows: NDArray[np.int64], when: NDArray[np.int64]) -> tuple[int, NDArray[np.int64]]:
    """Return how many distinct pairs there are, and the number of each entry's, by row and then by when."""
    order = np.lexsort((when, rows))
    is_new = np.ones(len(rows), bool)
    is_new[1:] = (np.diff(rows[order]) != 0) | (np.diff(when[order]) != 0)
    numbers = np.empty(len(rows), np.int64)
    numbers[order] = np.cumsum(is_new) - 1
    return int(np.count_nonzero(is_new)), numbers


def _distinct(groups: NDArray[np.int64], products: NDArray[np.int64], n_groups: int) -> NDArray[np.int64]:
    """Return how many different products each group holds, shape (n_groups,)."""
    order = np.lexsort((products, groups))
    is_new = np.ones(len(groups), bool)
    is_new[1:] = (np.diff(groups[order]) != 0) | (np.diff(products[order]) != 0)
    return np.bincount(groups[order][is_new], minlength=n_groups)


def capped(products: Ragged, most: int) -> Ragged:
    """Return the baskets with at most so many products each; of a larger one a sample is kept.

    The sample is always the same one, and favours no product: its order is a hash of basket and product.
    """
    lengths = products.lengths
    if not (lengths > most).any():
        return products
    rows = products.rows()
    with np.errstate(over="ignore"):
        mixed = (products.flat.astype(np.uint64) * _MIX) ^ (rows.astype(np.uint64) + np.uint64(1)) * _MIX
        mixed = (mixed ^ (mixed >> np.uint64(29))) * _MIX
    order = np.lexsort((mixed, rows))
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order)) - np.repeat(products.starts[:-1], lengths)
    return products.having(place < most)
