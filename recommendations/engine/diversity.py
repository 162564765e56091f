"""Diverse lists: products that differ from each other, at some cost in points."""

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.features import Features
from recommendations.engine.histories import Candidates
from recommendations.engine.ragged import Ragged

_NOTHING = np.zeros(0, np.int64)


def diversified(
    candidates: Candidates, features: Features, *, diversity: float, k: int, held: Ragged | None = None
) -> Candidates:
    """Return each user's k candidates by maximal marginal relevance (Carbonell & Goldstein, 1998).

    Each step picks the candidate with the highest (1 - diversity) × relevance - diversity × its highest
    similarity to a product that is already in the list; ties by the order given. Relevance is the
    candidate's share of the user's highest points or, where all points are 0, the discount of its rank.
    Similarity is the Jaccard index of the categories and tags of two products. Points are in the order of
    selection, so they may increase along a list. The first m of k are the ones that k = m would give.

    held: one row a user, positions already in the list; None for none
    """
    n_users = len(candidates.positions)
    positions = np.full((n_users, k), -1, np.int64)
    points = np.zeros((n_users, k), np.int64)
    for user, n in enumerate(candidates.lengths.tolist()):
        before = held[user] if held is not None else _NOTHING
        table = _feature_table(features, np.concatenate([before, candidates.positions[user, :n]]))
        order = _selected(candidates.points[user, :n], table, diversity, k)
        positions[user, : len(order)] = candidates.positions[user, order]
        points[user, : len(order)] = candidates.points[user, order]
    return Candidates(positions, points)


def _selected(
    points: NDArray[np.int64], table: NDArray[np.float64], diversity: float, k: int
) -> NDArray[np.int64]:
    """Return the indices of the selected candidates, in the order of selection.

    points: shape (n_candidates,); table: as `_feature_table`, the rows of held products, then of candidates
    """
    order = np.zeros(min(k, len(points)), np.int64)
    if not len(points):
        return order
    relevance = (1 - diversity) * _relevance(points)
    held, table = np.split(table, [len(table) - len(points)])
    sizes = table.sum(axis=1)
    similarity = _similarity(table, sizes, held)
    is_left = np.ones(len(points), bool)
    for place in range(len(order)):
        # Rounded, so that float error does not decide between equal candidates.
        gain = np.where(is_left, np.round(relevance - diversity * similarity, 9), -np.inf)
        order[place] = best = int(np.argmax(gain))
        is_left[best] = False
        common = table @ table[best]
        either = np.maximum(sizes + sizes[best] - common, 1)
        np.maximum(similarity, common / either, out=similarity)
    return order


def _relevance(points: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return each candidate's share of the highest points or, where all points are 0, the logarithmic
    discount of its rank (Järvelin & Kekäläinen, 2002). The highest value is 1. Shape (n_candidates,).
    """
    highest = int(points.max())
    if highest > 0:
        return points / highest
    return 1 / np.log2(np.arange(2, len(points) + 2))


def _similarity(
    table: NDArray[np.float64], sizes: NDArray[np.float64], held: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return each candidate's highest Jaccard similarity to a held product, 0 without any."""
    common = table @ held.T
    either = np.maximum(sizes[:, None] + held.sum(axis=1) - common, 1)
    similarity: NDArray[np.float64] = (common / either).max(axis=1, initial=0)
    return similarity


def _feature_table(features: Features, positions: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the categories and tags of products, one-hot, shape (n_positions, n_distinct)."""
    tags = features.tags.take(positions)
    categories = features.category[positions]
    sorted_in = np.flatnonzero(categories >= 0)
    rows = np.concatenate([tags.rows(), sorted_in])
    codes = np.concatenate([tags.flat, categories[sorted_in] + len(features.tag_names.names)])
    distinct, columns = np.unique(codes, return_inverse=True)
    table = np.zeros((len(positions), len(distinct)), np.float64)
    table[rows, columns] = 1
    return table
