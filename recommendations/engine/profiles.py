"""User profiles: favourite categories and tags, counted from histories."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.histories import Histories

BLOCK_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Profiles:
    """Favourites, best first; short rows are padded by -1.

    categories: shape (n_users, top_categories), category codes
    tags:       shape (n_users, top_tags), tag codes
    """

    categories: NDArray[np.int64]
    tags: NDArray[np.int64]


def profiles(histories: Histories, *, top_categories: int, top_tags: int) -> Profiles:
    """Return each user's most frequent categories and tags.

    Every event counts once; dismissals are ignored. Ties go to the more recent event, then to the name in
    code-point order. The result is cached in histories.derived.
    """
    key = (profiles, top_categories, top_tags)
    if key not in histories.derived:
        histories.derived[key] = _counted(histories.liked, top_categories, top_tags)
    found: Profiles = histories.derived[key]
    return found


def _counted(histories: Histories, top_categories: int, top_tags: int) -> Profiles:
    """Return the profiles, counted in blocks of users × codes, each under BLOCK_BYTES."""
    n_users, n_codes = len(histories), len(histories.features.ranks)
    best = np.full((n_users, top_categories + top_tags), -1, np.int64)
    step = max(1, BLOCK_BYTES // (16 * max(n_codes, 1)))
    for first in range(0, n_users if n_codes else 0, step):
        _fill(best[first : first + step], histories, first, top_categories, top_tags)
    return Profiles(best[:, :top_categories], best[:, top_categories:])


def _fill(
    best: NDArray[np.int64], histories: Histories, first: int, top_categories: int, top_tags: int
) -> None:
    """Write the favourites of users into `best`, one row each, from user `first` on: categories, then tags.

    Tag codes are numbered after category codes, so that one pass counts both.
    """
    features = histories.features
    n_users, n_categories, n_codes = len(best), len(features.categories.names), len(features.ranks)
    starts = histories.events.starts[first : first + n_users + 1]
    events = histories.events.flat[starts[0] : starts[-1]]
    lengths = starts[1:] - starts[:-1]
    users = np.repeat(np.arange(n_users), lengths)
    ages = np.arange(len(events)) - np.repeat(starts[:-1] - starts[0], lengths)
    category = features.category[events]
    sorted_in = category >= 0
    tags = features.tags.take(events)
    per_event = tags.lengths
    keys = np.concatenate([users[sorted_in], np.repeat(users, per_event)]) * n_codes
    keys += np.concatenate([category[sorted_in], tags.flat + n_categories])
    ages = np.concatenate([ages[sorted_in], np.repeat(ages, per_event)])
    counts = np.bincount(keys, minlength=n_users * n_codes)
    newest = np.empty(n_users * n_codes, np.int64)
    # The last write wins: from the oldest event to the newest, it leaves the lowest age.
    newest[keys[::-1]] = ages[::-1]
    present = np.flatnonzero(counts)
    owners, codes = np.divmod(present, n_codes)
    of_tags = codes >= n_categories
    order = np.lexsort((features.ranks[codes], newest[present], -counts[present], of_tags, owners))
    owners, codes, of_tags = owners[order], codes[order], of_tags[order]
    rows = 2 * owners + of_tags
    place = np.arange(len(rows)) - np.searchsorted(rows, rows)
    kept = place < np.where(of_tags, top_tags, top_categories)
    columns = place + top_categories * of_tags
    best[owners[kept], columns[kept]] = (codes - n_categories * of_tags)[kept]
