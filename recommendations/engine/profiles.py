"""What each user likes best, counted from their history."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.histories import Histories

BLOCK_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Profiles:
    """Favourites, best first; -1 pads a short row.

    categories: shape (n_users, top_categories), category codes
    tags:       shape (n_users, top_tags), tag codes
    """

    categories: NDArray[np.int64]
    tags: NDArray[np.int64]


def profiles(histories: Histories, *, top_categories: int, top_tags: int) -> Profiles:
    """Return each user's most frequent categories and tags.

    Every event counts once, but for dismissals, which count nowhere. Ties go to the more recent event,
    then to the name in code-point order. Counted once for the same histories, however often it is asked.
    """
    asked = (profiles, top_categories, top_tags)
    if asked not in histories.derived:
        histories.derived[asked] = _counted(histories.liked, top_categories, top_tags)
    found: Profiles = histories.derived[asked]
    return found


def _counted(histories: Histories, top_categories: int, top_tags: int) -> Profiles:
    features = histories.features
    events = histories.events
    ages = np.arange(len(events.flat)) - np.repeat(events.starts[:-1], events.lengths)
    users = events.rows()
    category = features.category[events.flat]
    sorted_in = category >= 0
    tags = features.tags.take(events.flat)
    per_event = tags.lengths
    return Profiles(
        categories=_favourites(
            Counted(users[sorted_in], category[sorted_in], ages[sorted_in]),
            n_users=len(histories),
            rank=features.categories.rank,
            top=top_categories,
        ),
        tags=_favourites(
            Counted(np.repeat(users, per_event), tags.flat, np.repeat(ages, per_event)),
            n_users=len(histories),
            rank=features.tag_names.rank,
            top=top_tags,
        ),
    )


@dataclass(frozen=True, slots=True)
class Counted:
    """Things to count, all of shape (n_entries,): whose it is, its code, the age of its event (0: newest)."""

    users: NDArray[np.int64]
    codes: NDArray[np.int64]
    ages: NDArray[np.int64]


def _favourites(things: Counted, *, n_users: int, rank: NDArray[np.int64], top: int) -> NDArray[np.int64]:
    """Return each user's most frequent codes, shape (n_users, top), -1 pads.

    Counts in a dense table of some users × all codes, a block of users at a time, under BLOCK_BYTES.
    """
    best = np.full((n_users, top), -1, np.int64)
    n_codes = len(rank)
    if not n_codes or not len(things.codes) or not top:
        return best
    step = max(1, BLOCK_BYTES // (16 * n_codes))
    bounds = np.searchsorted(things.users, np.arange(0, n_users + step, step))
    for block, (start, end) in enumerate(pairwise(bounds.tolist())):
        first = block * step
        keys = (things.users[start:end] - first) * n_codes + things.codes[start:end]
        n_keys = min(step, n_users - first) * n_codes
        counts = np.bincount(keys, minlength=n_keys)
        newest = np.empty(n_keys, np.int64)
        # The last write stands: going from the oldest event to the newest leaves the newest age.
        newest[keys[::-1]] = things.ages[start:end][::-1]
        present = np.flatnonzero(counts)
        users, codes = np.divmod(present, n_codes)
        order = np.lexsort((rank[codes], newest[present], -counts[present], users))
        users, codes = users[order], codes[order]
        place = np.arange(len(users)) - np.searchsorted(users, users)
        kept = place < top
        best[first + users[kept], place[kept]] = codes[kept]
    return best
