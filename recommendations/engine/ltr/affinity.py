"""How strongly a retriever speaks for given products: its score, the share of its best, and the rank."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.neighbours import Sums
from recommendations.engine.ragged import Ragged

DEEPEST = 200


@dataclass(frozen=True, slots=True)
class Affinity:
    """Of each pair, shape (n_pairs,), float32.

    score: 0 where nothing is said; share: of the user's highest score; rank: 0 the best, DEEPEST at most
    """

    score: NDArray[np.float32]
    share: NDArray[np.float32]
    rank: NDArray[np.float32]


def affinity(sums: Sums, asked: Ragged, own: Ragged, n_products: int) -> Affinity:
    """Return what was summed up for the asked products.

    Best and rank are among all that the user's history speaks for and they have not met, whatever may be
    shown: a filter changes what is offered, not how well it fits.

    asked: one row a user, positions; own: what each user has met
    """
    scratch = np.zeros(n_products, np.float32)
    score = np.zeros(len(asked.flat), np.float32)
    share, rank = np.zeros_like(score), np.full_like(score, DEEPEST)
    for user in range(len(asked)):
        wanted = slice(asked.starts[user], asked.starts[user + 1])
        mine = slice(sums.columns.starts[user], sums.columns.starts[user + 1])
        touched = sums.columns.flat[mine]
        scratch[touched] = sums.values[mine]
        score[wanted] = found = scratch[asked.flat[wanted]]
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
