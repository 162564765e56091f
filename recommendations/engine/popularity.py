"""The most popular products that a user may see."""

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.candidates import Candidates
from recommendations.engine.histories import Mask


def most_popular(*, allowed: Mask, k: int) -> Candidates:
    """Return each user's k most popular allowed products, for 0 points each.

    Positions are in the order of popularity, so this takes the first allowed ones: of the catalogue it
    looks at no more than k and as many products as are forbidden.
    """
    n_users = len(allowed.own)
    positions = np.full((n_users, k), -1, np.int64)
    open_to_all = _first_open(allowed.everyone, k + int(allowed.own.lengths.max(initial=0)))
    for user in range(n_users):
        own = allowed.own[user]
        window = open_to_all[: k + len(own)]
        found = window[~np.isin(window, own)][:k] if len(own) else window[:k]
        positions[user, : len(found)] = found
    return Candidates(positions, np.zeros((n_users, k), np.int64))


def _first_open(everyone: NDArray[np.bool_], wanted: int) -> NDArray[np.int64]:
    """Return the first positions that are open to everyone: as many as wanted, if there are, or more."""
    width = max(2 * wanted, 64)
    found = np.flatnonzero(everyone[:width])
    while len(found) < wanted and width < len(everyone):
        width *= 4
        found = np.flatnonzero(everyone[:width])
    return found
