"""Points for the categories and tags that products share with a user's favourites, from posting lists."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.features import PostingLists
from recommendations.engine.histories import Candidates, Histories, Mask

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


THOUSANDTHS = 1000
_HIGHEST_BYTE = 255


@dataclass(frozen=True, slots=True)
class Weights:
    """Points, as integers, for a favourite category and for each favourite tag."""

    category: int
    tag: int

    def __post_init__(self) -> None:
        for name, points in (("category_points", self.category), ("tag_points", self.tag)):
            if isinstance(points, bool) or not isinstance(points, int) or not 1 <= points <= 1000:
                raise ValueError(f"{name} is {points!r}; it must be a whole number from 1 to 1000")

    def scores(self, n_tags: int) -> list[int]:
        """Return every positive score that up to n_tags favourite tags can give, highest first."""
        return _reachable(self.category, self.tag, n_tags)


@cache
def _reachable(category: int, tag: int, n_tags: int) -> list[int]:
    """Return the scores in descending order. The list is cached: callers must not change it."""
    reachable = {with_it * category + tags * tag for with_it in (0, 1) for tags in range(n_tags + 1)}
    return sorted(reachable - {0}, reverse=True)


def best_matches(
    postings: PostingLists, profiles: Profiles, weights: Weights, *, allowed: Mask, k: int
) -> Candidates:
    """Return each user's k products with the most points, above 0; ties by position.

    Each user costs the posting lists of their favourites and a few passes over one byte a product. At
    20,000 products this is faster than sorting: scores have few distinct values and positions are in order.
    """
    n_users, n_tags = profiles.tags.shape
    scores = weights.scores(n_tags)
    row_type = np.dtype(np.uint8 if scores[0] <= _HIGHEST_BYTE else np.uint16)
    positions = np.full((n_users, k), -1, np.int64)
    points = np.zeros((n_users, k), np.int64)
    row: NDArray[np.unsignedinteger] = np.empty(postings.n_products, row_type)
    everyone = allowed.everyone.view(np.uint8)  # numpy would cast a bool array, buffer by buffer
    for user in range(n_users):
        _score(row, postings, profiles.categories[user], profiles.tags[user], weights)
        row[allowed.own[user]] = 0
        np.multiply(row, everyone, out=row)
        _take_best(row, scores, positions[user], points[user])
    return Candidates(positions, points)


def _score(
    row: NDArray[np.unsignedinteger],
    postings: PostingLists,
    categories: NDArray[np.int64],
    tags: NDArray[np.int64],
    weights: Weights,
) -> None:
    """Write the points of every product into the row. Codes beyond the posting lists match nothing.

    Positions are cast to intp before indexing: numpy's implicit cast is three times slower.
    """
    row[:] = 0
    for code in categories.tolist():
        if 0 <= code < len(postings.by_category):
            row[postings.by_category[code].astype(np.intp)] = weights.category
    points = row.dtype.type(weights.tag)
    for code in tags.tolist():
        if 0 <= code < len(postings.by_tag):
            row[postings.by_tag[code].astype(np.intp)] += points


def _take_best(
    row: NDArray[np.unsignedinteger],
    scores: list[int],
    positions: NDArray[np.int64],
    points: NDArray[np.int64],
) -> None:
    """Write the row's best products into positions and points, one score value at a time."""
    filled = 0
    highest = int(row.max(initial=0))
    for score in scores:
        if score > highest:
            continue
        found = np.flatnonzero(row == score)[: len(positions) - filled]
        positions[filled : filled + len(found)] = found
        points[filled : filled + len(found)] = score * THOUSANDTHS
        filled += len(found)
        if filled == len(positions):
            return
