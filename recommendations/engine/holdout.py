"""The last days of a log held out: what a recommender may know, and what it should have foreseen."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.codes import coded, distinct
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
    past, window = log.until(cutoff), log.since(cutoff).liked
    if not len(past):
        raise ValueError("nothing happened before the cutoff, so nobody was known then")
    known_users, known_products = coded(past.user_ids).values, coded(past.product_ids).values
    usable = np.isin(window.user_ids, known_users) & np.isin(window.product_ids, known_products)
    window = window.take(usable)
    met = _pairs(window, known_users, known_products)
    # Of a long past most is of users who did nothing in the window, or of other products.
    again = np.isin(past.user_ids, window.user_ids) & np.isin(past.product_ids, window.product_ids)
    former = _pairs(past.take(again), known_users, known_products)
    fresh = np.setdiff1d(met, former, assume_unique=True)
    if not len(fresh):
        raise ValueError("after the cutoff nobody who was known then met a known product for the first time")
    rows, products = np.divmod(fresh, len(known_products))
    users, lengths = np.unique(rows, return_counts=True)
    return Holdout(cutoff, past, known_users[users], Ragged(starts_of(lengths), known_products[products]))


def _pairs(log: Log, users: NDArray[np.int64], products: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return each pair of a user and a product once, as one number, rising."""
    keys = np.searchsorted(users, log.user_ids)
    keys *= len(products)
    keys += np.searchsorted(products, log.product_ids)
    return distinct(keys)
