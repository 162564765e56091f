"""Lists that hold one product of each group: the best one stands for its variants."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.candidates import Candidates
from recommendations.engine.ragged import Ints, Ragged

# Returns the best candidates of the users in these rows: so many of each, fewer only if there are no more.
Retrieve = Callable[[NDArray[np.int64], int], Candidates]

# How many candidates to begin with, and how many times as many to try next.
_FEWEST = 128
_FACTOR = 4
# Candidates of all users at once; more users are looked at in blocks.
_BLOCK = 1 << 20


def best_of_groups(
    retrieve: Retrieve, groups: Ints, *, n_users: int, k: int, held: Ragged | None = None
) -> Candidates:
    """Return each user's best k candidates of different groups, fewer only if there are no more groups.

    Looks deeper for those users only whose candidates are of too few groups.

    groups: shape (n_products,), the group of each position, -1 for a product without one
    held:   one row a user, positions whose groups the list has already; None for none
    """
    positions = np.full((n_users, k), -1, np.int64)
    points = np.zeros((n_users, k), np.int64)
    users, depth = np.arange(n_users), max(_FACTOR * k, _FEWEST)
    while len(users):
        depth = min(depth, len(groups))
        short = []
        size = max(1, _BLOCK // max(depth, 1))
        for start in range(0, len(users), size):
            block = users[start : start + size]
            found = retrieve(block, depth)
            best = first_of_groups(found, groups, k=k, held=held.take(block) if held else None)
            positions[block] = best.positions
            points[block] = best.points
            short.append(block[(best.lengths < k) & (found.lengths == depth)])
        users = np.concatenate(short) if depth < len(groups) else users[:0]
        depth *= _FACTOR
    return Candidates(positions, points)


def first_of_groups(found: Candidates, groups: Ints, *, k: int, held: Ragged | None = None) -> Candidates:
    """Return each user's first k candidates that are the first of their group. groups, held: as above"""
    n_users = len(found.positions)
    rows, places = np.nonzero(found.positions >= 0)
    codes = groups[found.positions[rows, places]].astype(np.int64)
    # The group of each user's candidate as one number. A product without a group has a number of its own.
    n_codes = int(groups.max(initial=-1)) + 1
    keys = rows * n_codes + codes
    alone = codes < 0
    keys[alone] = n_users * n_codes + np.arange(np.count_nonzero(alone))
    kept = np.zeros(len(keys), bool)
    kept[np.unique(keys, return_index=True)[1]] = True
    if held is not None:
        their_codes = groups[held.flat].astype(np.int64)
        their_keys = (held.rows() * n_codes + their_codes)[their_codes >= 0]
        kept &= ~np.isin(keys, their_keys)
    rows, places = rows[kept], places[kept]
    n_kept = np.bincount(rows, minlength=n_users)
    rank = np.arange(len(rows)) - np.repeat(np.cumsum(n_kept) - n_kept, n_kept)
    first = rank < k
    positions = np.full((n_users, k), -1, np.int64)
    points = np.zeros((n_users, k), np.int64)
    positions[rows[first], rank[first]] = found.positions[rows[first], places[first]]
    points[rows[first], rank[first]] = found.points[rows[first], places[first]]
    return Candidates(positions, points)
