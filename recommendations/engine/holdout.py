"""The last days of a log held out: what a recommender may know, and what it should have foreseen."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.log import Log
from recommendations.engine.ragged import Ragged, starts_of


@dataclass(frozen=True, slots=True)
class Holdout:
    """A log cut in two.

    cutoff:   seconds since 1970; what happened before it is known
    past:     the events before the cutoff, dismissals too
    user_ids: shape (n_users,), rising: those who met a known product for the first time after the cutoff,
              and had done something before
    new:      one row a user, the products that they met so, rising
    """

    cutoff: int
    past: Log
    user_ids: NDArray[np.int64]
    new: Ragged


def hold_out(log: Log, *, seconds: int) -> Holdout:
    """Return the log without its last seconds, and what they brought.

    Raises ValueError when nobody is left to measure on.
    """
    if not len(log):
        raise ValueError("there are no events to learn from")
    cutoff = int(log.at[-1]) - seconds
    before = log.at < cutoff
    if not before.any():
        raise ValueError("nothing happened before the cutoff, so nobody was known then")
    past, window = log.take(before), log.take(~before).liked
    known_users, known_products = np.unique(past.user_ids), np.unique(past.product_ids)
    usable = np.isin(window.user_ids, known_users) & np.isin(window.product_ids, known_products)
    met = _pairs(window.take(usable), known_users, known_products)
    fresh = np.setdiff1d(met, _pairs(past, known_users, known_products))
    if not len(fresh):
        raise ValueError("after the cutoff nobody who was known then met a known product for the first time")
    rows, products = np.divmod(fresh, len(known_products))
    users, lengths = np.unique(rows, return_counts=True)
    return Holdout(cutoff, past, known_users[users], Ragged(starts_of(lengths), known_products[products]))


def _pairs(log: Log, users: NDArray[np.int64], products: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return each pair of a user and a product once, as one number, rising."""
    rows, columns = np.searchsorted(users, log.user_ids), np.searchsorted(products, log.product_ids)
    return np.unique(rows * len(products) + columns)
