"""Content similarity of users and products: share of the category, and cosine of tag vectors."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.actions import EventTable
from recommendations.engine.features import Features
from recommendations.engine.histories import Histories
from recommendations.engine.preferences import decayed_weights
from recommendations.engine.ragged import Ragged

_HALF_LIFE_DAYS = 180


@dataclass(frozen=True)
class TagWeights:
    """Inverse document frequency of tags (Spärck Jones, 1972).

    weights: shape (n_tags,), 0 or more, higher for rare tags
    """

    weights: NDArray[np.float64]

    @classmethod
    def of(cls, features: Features) -> "TagWeights":
        tags, n = features.tags, len(features.category)
        counts = np.bincount(tags.flat, minlength=len(features.tag_names.names))
        return cls(np.log(np.maximum(n, 1) / (1 + counts)).clip(min=0))

    def lengths(self, tags: Ragged) -> NDArray[np.float64]:
        """Return the norm of each row's tag vector, shape (n_rows,)."""
        return np.sqrt(np.bincount(tags.rows(), self.weights[tags.flat] ** 2, minlength=len(tags)))


@dataclass(frozen=True, slots=True)
class Similarity:
    """Similarity of pairs, each of shape (n_pairs,).

    category: the share of the product's category in the user's event weights, 0 to 1
    tags:     cosine of the user's and the product's tag vectors, 0 to 1
    """

    category: NDArray[np.float64]
    tags: NDArray[np.float64]


def similarity(
    histories: Histories,
    users: NDArray[np.int64],
    positions: NDArray[np.int64],
    *,
    features: Features,
    tag_weights: TagWeights,
    table: EventTable,
    now: int,
) -> Similarity:
    """Return the similarity of each pair of user and product, in a vector space of tags.

    Vectors are weighted by inverse document frequency (Salton, Wong & Yang, 1975). A user's vector is the sum
    of the unit vectors of their products, weighted by event, with a half-life of 180 days. No array has the
    size users × tags.

    users: shape (n_pairs,), rows of histories; positions: shape (n_pairs,), products
    """
    liked = histories.liked
    known = liked.events.flat < len(features.category)
    rows, seen = liked.events.rows()[known], liked.events.flat[known]
    weights = decayed_weights(table, liked.actions[known], liked.at[known], now, _HALF_LIFE_DAYS)
    category, n_categories = features.category[seen], len(features.categories.names) + 1
    totals = np.bincount(rows, weights, minlength=len(histories))
    shares = _Table.of(rows * n_categories + category + 1, weights)
    wanted = features.category[positions]
    share = shares.at(users * n_categories + wanted + 1) * (wanted >= 0)
    tags, n_tags = features.tags, len(tag_weights.weights)
    per_event = tags.take(seen)
    owner = np.repeat(rows, per_event.lengths)
    scale = np.repeat(weights / np.maximum(tag_weights.lengths(per_event), 1e-9), per_event.lengths)
    profile = _Table.of(owner * n_tags + per_event.flat, scale * tag_weights.weights[per_event.flat])
    norms = np.sqrt(np.bincount(profile.keys // max(n_tags, 1), profile.values**2, minlength=len(histories)))
    candidate_tags: Ragged = tags.take(positions)
    pair = candidate_tags.rows()
    dot = np.bincount(
        pair,
        profile.at(users[pair] * n_tags + candidate_tags.flat) * tag_weights.weights[candidate_tags.flat],
        minlength=len(positions),
    )
    both = norms[users] * tag_weights.lengths(candidate_tags)
    return Similarity(
        share / np.maximum(totals[users], 1e-9), np.divide(dot, both, out=np.zeros(len(dot)), where=both > 0)
    )


@dataclass(frozen=True, slots=True)
class _Table:
    """Sums by key, 0 for an unknown key. keys: ascending"""

    keys: NDArray[np.int64]
    values: NDArray[np.float64]

    @classmethod
    def of(cls, keys: NDArray[np.int64], values: NDArray[np.float64]) -> "_Table":
        unique, places = np.unique(keys, return_inverse=True)
        return cls(unique, np.bincount(places, values, minlength=len(unique)).astype(np.float64))

    def at(self, keys: NDArray[np.int64]) -> NDArray[np.float64]:
        if not len(self.keys):
            return np.zeros(len(keys))
        places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[places] == keys, self.values[places], 0)
