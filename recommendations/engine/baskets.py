"""Baskets: the purchases that belong together, derived from user, product and time."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.codes import distinct
from recommendations.engine.days import local_days
from recommendations.engine.ragged import Ragged, starts_of

_MIX = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Baskets:
    """The baskets of users; the baskets of one user are unordered.

    products: one row a basket, ascending, no duplicates
    rows:     shape (n_baskets,), the user's row of each basket
    of_event: shape (n_purchases,), the basket of each purchase
    """

    products: Ragged
    rows: NDArray[np.int64]
    of_event: NDArray[np.int64]


def baskets(
    rows: NDArray[np.int64], products: NDArray[np.int64], at: NDArray[np.int64], *, zone: str
) -> Baskets:
    """Return the baskets of purchases: the products that one user bought at the same second.

    Products bought alone at their second form one basket for each user and local day.

    rows:     shape (n_purchases,), the user's row
    products: shape (n_purchases,), small integers: positions or columns, not ids
    at:       shape (n_purchases,), seconds since 1970
    zone:     time zone of the local days, such as Europe/Paris
    """
    # Keys: even numbers for days (single products), odd numbers for moments with several products.
    moments, of_moment = _grouped(rows, at)
    several = _distinct(of_moment, products, moments) > 1
    when = np.where(several[of_moment], 2 * at + 1, 2 * local_days(at, zone))
    n_baskets, of_event = _grouped(rows, when)
    owners = np.zeros(n_baskets, np.int64)
    owners[of_event] = rows
    width = int(products.max(initial=0)) + 1
    held, once = np.divmod(distinct(of_event * width + products), width)
    lengths = np.bincount(held, minlength=n_baskets)
    return Baskets(Ragged(starts_of(lengths), once), owners, of_event)


def _grouped(rows: NDArray[np.int64], when: NDArray[np.int64]) -> tuple[int, NDArray[np.int64]]:
    """Return the number of distinct pairs, and the pair of each entry, numbered by row and then by when."""
    order = np.lexsort((when, rows))
    is_new = np.ones(len(rows), bool)
    is_new[1:] = (np.diff(rows[order]) != 0) | (np.diff(when[order]) != 0)
    numbers = np.empty(len(rows), np.int64)
    numbers[order] = np.cumsum(is_new) - 1
    return int(np.count_nonzero(is_new)), numbers


def _distinct(groups: NDArray[np.int64], products: NDArray[np.int64], n_groups: int) -> NDArray[np.int64]:
    """Return the number of distinct products of each group, shape (n_groups,)."""
    order = np.lexsort((products, groups))
    is_new = np.ones(len(groups), bool)
    is_new[1:] = (np.diff(groups[order]) != 0) | (np.diff(products[order]) != 0)
    return np.bincount(groups[order][is_new], minlength=n_groups)


def capped(products: Ragged, most: int) -> Ragged:
    """Return the baskets, with larger ones reduced to a sample of `most` products.

    The sample is deterministic and favours no product: it is ordered by a hash of basket and product
    (multiplicative hashing; Knuth, 1973).
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
