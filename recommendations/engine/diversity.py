"""Lists whose products differ from each other, at some cost in points."""

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.candidates import Candidates
from recommendations.engine.ragged import Ragged
from recommendations.engine.snapshot import Features

_NOTHING = np.zeros(0, np.int64)


def diversified(
    candidates: Candidates, features: Features, *, diversity: float, k: int, held: Ragged | None = None
) -> Candidates:
    """Return each user's k candidates by maximal marginal relevance (Carbonell & Goldstein, 1998).

    One after another, that which has most of (1 - diversity) × its relevance - diversity × its likeness to
    the product in the list already that it is most like; ties by the order given. Relevance is the share of
    the user's highest points or, where there are none, what its place is worth. Likeness is the share of
    what two products have in common among all categories and tags that either has (Jaccard). Points are in
    the order of choice, so they may rise again. The first m of k are those that k = m would give.

    held: one row a user, positions that the list holds already; None for nothing
    """
    n_users = len(candidates.positions)
    positions = np.full((n_users, k), -1, np.int64)
    points = np.zeros((n_users, k), np.int64)
    for user, n in enumerate(candidates.lengths.tolist()):
        before = held[user] if held is not None else _NOTHING
        made_of = _features(features, np.concatenate([before, candidates.positions[user, :n]]))
        order = _chosen(candidates.points[user, :n], made_of, diversity, k)
        positions[user, : len(order)] = candidates.positions[user, order]
        points[user, : len(order)] = candidates.points[user, order]
    return Candidates(positions, points)


def _chosen(
    points: NDArray[np.int64], made_of: NDArray[np.float64], diversity: float, k: int
) -> NDArray[np.int64]:
    """Return the places of the candidates in the order of choice. made_of: of what is held, then of them"""
    order = np.zeros(min(k, len(points)), np.int64)
    if not len(points):
        return order
    relevance = (1 - diversity) * _relevance(points)
    before, made_of = np.split(made_of, [len(made_of) - len(points)])
    sizes = made_of.sum(axis=1)
    likeness = _likeness(made_of, sizes, before)
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


def _relevance(points: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return from 1 down the share of the highest points; where there are none, the place's discount, as
    gains are discounted by their place in a list (Järvelin & Kekäläinen, 2002).
    """
    highest = int(points.max())
    if highest > 0:
        return points / highest
    return 1 / np.log2(np.arange(2, len(points) + 2))


def _likeness(
    made_of: NDArray[np.float64], sizes: NDArray[np.float64], before: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return how like each candidate is to that of the products before which it is most like."""
    common = made_of @ before.T
    either = np.maximum(sizes[:, None] + before.sum(axis=1) - common, 1)
    likeness: NDArray[np.float64] = (common / either).max(axis=1, initial=0)
    return likeness


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
