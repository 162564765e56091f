"""Lists whose products differ from each other, at some cost in points."""

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.candidates import Candidates
from recommendations.engine.snapshot import Features


def diversified(candidates: Candidates, features: Features, *, diversity: float, k: int) -> Candidates:
    """Return each user's k candidates by maximal marginal relevance (Carbonell & Goldstein, 1998).

    One after another, that which has most of (1 - diversity) × its share of the user's highest points
    - diversity × its likeness to the product chosen already that it is most like; ties by the order given.
    Likeness is the share of what two products have in common among all categories and tags that either
    has (Jaccard). Points are in the order of choice, so they may rise again. The first m of k are those
    that k = m would give.
    """
    n_users = len(candidates.positions)
    positions = np.full((n_users, k), -1, np.int64)
    points = np.zeros((n_users, k), np.int64)
    for user, n in enumerate(candidates.lengths.tolist()):
        order = _chosen(
            candidates.points[user, :n], _features(features, candidates.positions[user, :n]), diversity, k
        )
        positions[user, : len(order)] = candidates.positions[user, order]
        points[user, : len(order)] = candidates.points[user, order]
    return Candidates(positions, points)


def _chosen(
    points: NDArray[np.int64], made_of: NDArray[np.float64], diversity: float, k: int
) -> NDArray[np.int64]:
    """Return the places of the candidates in the order of choice."""
    order = np.zeros(min(k, len(points)), np.int64)
    if not len(points):
        return order
    relevance = (1 - diversity) * points / max(int(points.max()), 1)
    sizes = made_of.sum(axis=1)
    likeness = np.zeros(len(points))
    is_left = np.ones(len(points), bool)
    for place in range(len(order)):
        # Rounded, so that what is equal on paper is equal here, and goes by the order given.
        gain = np.where(is_left, np.round(relevance - diversity * likeness, 9), -np.inf)
        order[place] = best = int(np.argmax(gain))
        is_left[best] = False
        common = made_of @ made_of[best]
        either = np.maximum(sizes + sizes[best] - common, 1)
        np.maximum(likeness, common / either, out=likeness)
    return order


def _features(features: Features, positions: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return what the products are made of, shape (n_positions, n_distinct), 1 where a product has it."""
    tags = features.tags.take(positions)
    categories = features.category[positions]
    sorted_in = np.flatnonzero(categories >= 0)
    rows = np.concatenate([tags.rows(), sorted_in])
    codes = np.concatenate([tags.flat, categories[sorted_in] + len(features.tag_names.names)])
    distinct, columns = np.unique(codes, return_inverse=True)
    table = np.zeros((len(positions), len(distinct)), np.float64)
    table[rows, columns] = 1
    return table
