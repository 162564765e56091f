"""Alternatives that a shop could use. Each peer gets the same history and recommends the same products."""

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from recommendations.engine.actions import DAY
from recommendations.engine.log import Log

# A dense inverse of more products than this would take minutes and gigabytes.
LARGEST_EASE = 8_000
_USERS_A_BLOCK = 500
_LISTED = 20


@dataclass(frozen=True)
class Past:
    """The training data of a peer.

    product_ids: shape (n_columns,), ascending, the products with events
    counts:      CSR, shape (n_users, n_columns), how often each user met each product
    rows:        shape (n_asked,), the rows of the users to recommend for
    days, at:    shape (n_events,), the age of each event in days, and its column
    """

    product_ids: NDArray[np.int64]
    counts: csr_matrix
    rows: NDArray[np.int64]
    days: NDArray[np.float64]
    columns: NDArray[np.int64]

    @classmethod
    def of(cls, log: Log, user_ids: NDArray[np.int64], now: int) -> "Past":
        users, rows = np.unique(log.user_ids, return_inverse=True)
        ids, columns = np.unique(log.product_ids, return_inverse=True)
        ones = np.ones(len(log), np.float32)
        counts = csr_matrix((ones, (rows, columns)), (len(users), len(ids)))
        counts.sum_duplicates()
        return cls(ids, counts, np.searchsorted(users, user_ids), (now - log.at) / DAY, columns)


Lists = NDArray[np.int64]
Peer = Callable[..., Lists]


def popularity(past: Past) -> Lists:
    return _by_order(past, np.bincount(past.columns, minlength=len(past.product_ids)))


def recent_popularity(past: Past, *, days: float) -> Lists:
    recent = past.columns[past.days <= days]
    return _by_order(past, np.bincount(recent, minlength=len(past.product_ids)))


def ease(past: Past, *, regularisation: float) -> Lists:
    """EASE (Steck, 2019) as published: every pair of user and product counts 1, whatever its age."""
    met = past.counts.copy()
    met.data[:] = 1
    gram = (met.T @ met).toarray()
    gram.flat[:: len(gram) + 1] += regularisation
    inverse = np.linalg.inv(gram)
    weights = inverse / -np.diag(inverse)
    weights.flat[:: len(weights) + 1] = 0
    return _by_scores(past, lambda rows: met[rows] @ weights)


def als(past: Past, *, factors: int, regularization: float, alpha: float) -> Lists:
    from implicit.als import AlternatingLeastSquares

    model = AlternatingLeastSquares(
        factors=factors,
        regularization=regularization,
        alpha=alpha,
        iterations=15,
        random_state=1,
        num_threads=1,
    )
    return _by_implicit(past, model)


def bm25(past: Past, *, k: int, k1: float, b: float) -> Lists:
    from implicit.nearest_neighbours import BM25Recommender

    return _by_implicit(past, BM25Recommender(K=k, K1=k1, B=b, num_threads=1))


def cosine(past: Past, *, k: int) -> Lists:
    from implicit.nearest_neighbours import CosineRecommender

    return _by_implicit(past, CosineRecommender(K=k, num_threads=1))


PEERS: Mapping[str, tuple[Peer, Mapping[str, tuple[Any, ...]]]] = {
    "popularity": (popularity, {}),
    "recent popularity": (recent_popularity, {"days": (1, 3, 7, 14, 30, 60)}),
    "implicit cosine": (cosine, {"k": (20, 100, 400)}),
    "implicit BM25": (bm25, {"k": (10, 20, 100, 400), "k1": (0.5, 1.2), "b": (0.25, 0.75)}),
    "implicit ALS": (
        als,
        {"factors": (16, 32, 64, 128), "regularization": (0.01, 1.0), "alpha": (1.0, 10.0)},
    ),
    "plain EASE": (ease, {"regularisation": (100.0, 300.0, 1000.0)}),
}


def grid(values: Mapping[str, tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
    """Yield every combination of the values."""
    for chosen in product(*values.values()):
        yield dict(zip(values, chosen, strict=True))


def _by_implicit(past: Past, model: Any) -> Lists:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about BLAS threads, which are set to one
        model.fit(past.counts, show_progress=False)
    columns, _ = model.recommend(
        past.rows, past.counts[past.rows], N=_LISTED, filter_already_liked_items=True
    )
    return np.where(columns >= 0, past.product_ids[columns], -1)


def _by_order(past: Past, worth: NDArray[np.int64]) -> Lists:
    return _by_scores(past, lambda rows: np.tile(worth.astype(np.float64), (len(rows), 1)))


def _by_scores(past: Past, score: Callable[[NDArray[np.int64]], NDArray[Any]]) -> Lists:
    """Return the ids of each user's best 20 products among those without an event of theirs; ties by id."""
    found = []
    for start in range(0, len(past.rows), _USERS_A_BLOCK):
        rows = past.rows[start : start + _USERS_A_BLOCK]
        scores = np.array(score(rows), np.float64)
        scores[past.counts[rows].nonzero()] = -np.inf
        found.append(past.product_ids[np.argsort(-scores, axis=1, kind="stable")[:, :_LISTED]])
    return np.concatenate(found)
