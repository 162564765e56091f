"""Retriever features of pairs: score, share of the highest score, and rank."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.neighbours import Sums
from recommendations.engine.ragged import Ragged

DEEPEST = 200


@dataclass(frozen=True, slots=True)
class Affinity:
    """Retriever features, each of shape (n_pairs,), float32.

    score: 0 where the retriever has none
    share: the score divided by the user's highest score
    rank:  0 for the best, at most DEEPEST
    """

    score: NDArray[np.float32]
    share: NDArray[np.float32]
    rank: NDArray[np.float32]


def affinity(sums: Sums, candidates: Ragged, own: Ragged, n_products: int) -> Affinity:
    """Return the retriever features of each user's candidates.

    Highest score and rank are taken among all products with a score that are not in the user's history, even
    those that may not be shown: a filter changes which products are shown, not how well they fit.

    candidates: one row a user, positions; own: one row a user, positions of their history
    """
    scratch = np.zeros(n_products, np.float32)
    score = np.zeros(len(candidates.flat), np.float32)
    share, rank = np.zeros_like(score), np.full_like(score, DEEPEST)
    for user in range(len(candidates)):
        wanted = slice(candidates.starts[user], candidates.starts[user + 1])
        mine = slice(sums.columns.starts[user], sums.columns.starts[user + 1])
        touched = sums.columns.flat[mine]
        scratch[touched] = sums.values[mine]
        score[wanted] = found = scratch[candidates.flat[wanted]]
        scratch[own[user]] = 0
        others = scratch[touched]
        scratch[touched] = 0
        if not len(others):
            continue
        if len(others) > DEEPEST:
            others = np.partition(others, len(others) - DEEPEST)[len(others) - DEEPEST :]
        others = np.sort(others)
        if others[-1] > 0:
            share[wanted] = found / others[-1]
        rank[wanted] = np.minimum(len(others) - np.searchsorted(others, found, side="right"), DEEPEST)
    return Affinity(score, share, rank)
