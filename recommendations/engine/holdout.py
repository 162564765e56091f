"""Temporal holdout: the end of a log is set aside to measure recommendations made from the rest."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.codes import coded, distinct
from recommendations.engine.log import Log
from recommendations.engine.ragged import Ragged, starts_of


@dataclass(frozen=True, slots=True)
class Holdout:
    """A log split at a cutoff (global temporal split; Campos, Díez & Cantador, 2014).

    cutoff:   seconds since 1970
    past:     the events before the cutoff, dismissals included
    user_ids: shape (n_users,), ascending: users with an event before the cutoff and, after it, a first
              event with a product that also has one before it
    new:      one row a user, the ids of those products, ascending
    """

    cutoff: int
    past: Log
    user_ids: NDArray[np.int64]
    new: Ragged


def hold_out(log: Log, *, seconds: int) -> Holdout:
    """Return the log split `seconds` before its last event.

    Raises ValueError when no user is left to measure.
    """
    if not len(log):
        raise ValueError("there are no events to learn from")
    cutoff = int(log.at[-1]) - seconds
    past, window = log.until(cutoff), log.since(cutoff).liked
    if not len(past):
        raise ValueError("there are no events before the cutoff")
    known_users, known_products = coded(past.user_ids).values, coded(past.product_ids).values
    usable = np.isin(window.user_ids, known_users) & np.isin(window.product_ids, known_products)
    window = window.take(usable)
    met = _pairs(window, known_users, known_products)
    # Most earlier events belong to users or products without any event in the window.
    again = np.isin(past.user_ids, window.user_ids) & np.isin(past.product_ids, window.product_ids)
    former = _pairs(past.take(again), known_users, known_products)
    fresh = np.setdiff1d(met, former, assume_unique=True)
    if not len(fresh):
        raise ValueError("after the cutoff, no known user interacted with a known product for the first time")
    rows, products = np.divmod(fresh, len(known_products))
    users, lengths = np.unique(rows, return_counts=True)
    return Holdout(cutoff, past, known_users[users], Ragged(starts_of(lengths), known_products[products]))


def _pairs(log: Log, users: NDArray[np.int64], products: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the distinct pairs of user and product, each encoded as one integer, ascending."""
    keys = np.searchsorted(users, log.user_ids)
    keys *= len(products)
    keys += np.searchsorted(products, log.product_ids)
    return distinct(keys)
