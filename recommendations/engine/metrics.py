"""Quality of recommendation lists: accuracy on held-out events, novelty, diversity and coverage."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.ragged import Ragged
from recommendations.engine.snapshot import Snapshot

CUT, DEEP = 10, 20
_RESAMPLES = 1_000
_BLOCK = 4_000_000

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Hits:
    """The listed products that are among a user's held-out products.

    found: shape (n_users, k), bool; n_new: shape (n_users,), number of held-out products, 1 or more
    """

    found: NDArray[np.bool_]
    n_new: NDArray[np.int64]


def hits(lists: NDArray[np.int64], new: Ragged, n_products: int) -> Hits:
    """Return the hits of the lists.

    lists: positions, shape (n_users, k), padded by -1; new: held-out positions, one row a user
    """
    rows = np.arange(len(lists))[:, None]
    wanted = new.rows() * n_products + new.flat
    return Hits(np.isin(rows * n_products + lists, wanted) & (lists >= 0), new.lengths)


def ndcg(hits: Hits) -> Values:
    """Return each user's normalised discounted cumulative gain at 10 (Järvelin & Kekäläinen, 2002).

    Relevance is 0 or 1; the ideal list has one hit for each held-out product, 10 at most.
    """
    gains = 1 / np.log2(np.arange(CUT) + 2)
    ideal = np.concatenate([[0.0], np.cumsum(gains)])
    return hits.found[:, :CUT] @ gains[: hits.found.shape[1]] / ideal[np.minimum(hits.n_new, CUT)]


def recall(hits: Hits) -> Values:
    """Return each user's recall at 20: the share of the held-out products among the first 20 listed."""
    return hits.found[:, :DEEP].sum(axis=1) / hits.n_new


def hit_rate(hits: Hits) -> Values:
    """Return each user's hit rate at 10: 1 with a hit among the first 10, otherwise 0.

    (Deshpande & Karypis, 2004)
    """
    return hits.found[:, :CUT].any(axis=1).astype(float)


def average_precision(hits: Hits) -> Values:
    """Return each user's average precision at 10, divided by the highest possible number of hits."""
    found = hits.found[:, :CUT]
    precision = np.cumsum(found, axis=1) / (np.arange(found.shape[1]) + 1)
    return (precision * found).sum(axis=1) / np.minimum(hits.n_new, CUT)


def novelty(lists: NDArray[np.int64], snapshot: Snapshot) -> Values:
    """Return each list's mean self-information at 10, in bits (Zhou et al., 2010); NaN for an empty list.

    The self-information of a product is -log2 of its share of all events; a product without events counts as
    having one.
    """
    share = np.maximum(snapshot.popularity, 1) / max(int(snapshot.popularity.sum()), 1)
    return _mean_shown(-np.log2(share), lists[:, :CUT])


def diversity(lists: NDArray[np.int64], snapshot: Snapshot) -> Values:
    """Return each list's mean pairwise distance at 10 (intra-list diversity; Ziegler et al., 2005).

    The distance is 1 - the Jaccard index of the categories and tags of two products, 1 when neither has any.
    NaN for a list of fewer than two products.
    """
    top = lists[:, :CUT]
    total, n_pairs = np.zeros(len(top)), np.zeros(len(top))
    for left in range(top.shape[1]):
        for right in range(left + 1, top.shape[1]):
            both = (top[:, left] >= 0) & (top[:, right] >= 0)
            total[both] += _distance(snapshot, top[both, left], top[both, right])
            n_pairs += both
    with np.errstate(invalid="ignore"):
        return total / n_pairs


def coverage(lists: NDArray[np.int64], n_products: int) -> float:
    """Return the share of products in the first 10 of any list (coverage; Herlocker et al., 2004)."""
    shown = np.unique(lists[:, :CUT])
    return np.count_nonzero(shown >= 0) / n_products


def interval(values: Values, *, seed: int) -> tuple[float, float]:
    """Return the 95 % confidence interval of the mean over users (percentile bootstrap; Efron, 1979)."""
    values = values[~np.isnan(values)]
    if not len(values):
        return (float("nan"), float("nan"))
    draw = np.random.default_rng(seed)
    step = max(1, _BLOCK // len(values))
    means = [
        values[draw.integers(0, len(values), (min(step, _RESAMPLES - start), len(values)))].mean(axis=1)
        for start in range(0, _RESAMPLES, step)
    ]
    low, high = np.percentile(np.concatenate(means), [2.5, 97.5])
    return (float(low), float(high))


def _mean_shown(values: Values, lists: NDArray[np.int64]) -> Values:
    shown = lists >= 0
    with np.errstate(invalid="ignore"):
        return np.where(shown, values[lists], 0).sum(axis=1) / shown.sum(axis=1)


def _distance(snapshot: Snapshot, left: NDArray[np.int64], right: NDArray[np.int64]) -> Values:
    """Return the Jaccard distance of each pair of products, shape (n_pairs,)."""
    category, tags = snapshot.features.category, snapshot.features.tags
    n_tags = len(snapshot.features.tag_names.names)
    ours, theirs = tags.take(left), tags.take(right)
    common = np.isin(ours.rows() * n_tags + ours.flat, theirs.rows() * n_tags + theirs.flat)
    shared = np.bincount(ours.rows()[common], minlength=len(left)).astype(float)
    shared += (category[left] == category[right]) & (category[left] >= 0)
    either = ours.lengths + theirs.lengths + (category[left] >= 0) + (category[right] >= 0) - shared
    return 1 - np.divide(shared, either, out=np.zeros(len(left)), where=either > 0)
