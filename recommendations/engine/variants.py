"""Lists that hold one product of each group: the best one stands for its variants."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.histories import Candidates
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
    positions = np.full((n_users, k), -1, np.int64)
    points = np.zeros((n_users, k), np.int64)
    codes, lengths = groups[found.positions], found.lengths.tolist()
    # Sets, because a user's first few candidates are nearly always enough.
    for user, n in enumerate(lengths):
        taken = set(groups[held[user]].tolist()) if held else set()
        places = []
        for place, code in enumerate(codes[user, :n].tolist()):
            if code >= 0:
                if code in taken:
                    continue
                taken.add(code)
            places.append(place)
            if len(places) == k:
                break
        positions[user, : len(places)] = found.positions[user, places]
        points[user, : len(places)] = found.points[user, places]
    return Candidates(positions, points)
