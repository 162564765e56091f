"""The first products of a shared order that each user may see."""

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.histories import Candidates, Mask
from recommendations.engine.ragged import Ints


def most_popular(*, allowed: Mask, k: int) -> Candidates:
    """Return each user's k most popular allowed products, for 0 points each.

    Positions are ordered by popularity, so these are the first allowed positions. The cost grows with k and
    with the number of forbidden products, not with the catalogue.
    """
    positions = first_allowed(None, allowed=allowed, k=k)
    return Candidates(positions, np.zeros(positions.shape, np.int64))


def first_allowed(order: Ints | None, *, allowed: Mask, k: int) -> NDArray[np.int64]:
    """Return the first k allowed positions of the order for each user, shape (n_users, k), padded by -1.

    order: shape (n_ordered,), positions without duplicates; None for all positions, ascending
    """
    n_users = len(allowed.own)
    positions = np.full((n_users, k), -1, np.int64)
    open_to_all = _first_open(order, allowed.everyone, k + int(allowed.own.lengths.max(initial=0)))
    for user in range(n_users):
        own = allowed.own[user]
        window = open_to_all[: k + len(own)]
        found = window[~np.isin(window, own)][:k] if len(own) else window[:k]
        positions[user, : len(found)] = found
    return positions


def _first_open(order: Ints | None, everyone: NDArray[np.bool_], wanted: int) -> NDArray[np.int64]:
    """Return the first positions that anybody may see: at least `wanted` of them, if so many exist."""
    n = len(everyone) if order is None else len(order)
    width = max(2 * wanted, 64)
    found = _open(order, everyone, width)
    while len(found) < wanted and width < n:
        width *= 4
        found = _open(order, everyone, width)
    return found


def _open(order: Ints | None, everyone: NDArray[np.bool_], width: int) -> Ints:
    if order is None:
        return np.flatnonzero(everyone[:width])
    head = order[:width]
    return head[everyone[head]]
