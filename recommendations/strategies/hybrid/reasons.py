"""Reasons of the hybrid strategy: contributions of the ranking features, grouped by kind of reason."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.histories import Histories
from recommendations.engine.ltr.features import (
    CATEGORY,
    COLLABORATIVE,
    GROUPS,
    NAMES,
    OTHER,
    POPULAR,
    TAG,
    TRENDING,
)
from recommendations.engine.neighbours import contributions
from recommendations.engine.ragged import Ragged
from recommendations.engine.reasons import Reason, ReasonKind
from recommendations.strategies.base import Reasons
from recommendations.strategies.collaborative import CollaborativeRetriever
from recommendations.strategies.hybrid.stage import Stage

_NOTHING = -1
_OF_CATEGORY = NAMES.index("category share")


@dataclass(frozen=True, slots=True)
class Picked:
    """Recommended products to explain.

    positions:     one row a user
    points:        shape (n_picks,), thousandths
    table:         shape (n_picks, n_features), features
    contributions: shape (n_picks, n_features), what each feature adds, in thousandths
    """

    positions: Ragged
    points: NDArray[np.int64]
    table: NDArray[np.float32]
    contributions: NDArray[np.float64]


def reasons_of(stage: Stage, histories: Histories, picked: Picked) -> Reasons:
    """Return the reasons of each pick, strongest first and the rest last; they add up to its points.

    A kind is named only if it adds points and is true of the user and the product. The rest covers all other
    features, for or against the pick, and the constant of the ranking model.
    """
    positions = picked.positions
    groups = [picked.contributions[:, group == GROUPS] for group in range(OTHER + 1)]
    added = np.rint(np.stack([group.sum(axis=1) for group in groups], axis=1)).astype(np.int64).tolist()
    counted = np.stack([np.count_nonzero(group, axis=1) for group in groups], axis=1).tolist()
    named = zip(
        _origins(stage, histories, positions),
        _liked_tags(stage, histories, positions),
        _liked_categories(stage, positions, picked.table),
        stage.item_features.week[stage.rows[positions.flat]].tolist(),
        stage.snapshot.popularity[positions.flat].tolist(),
        strict=True,
    )
    flat = [
        _reasons(values, added[pick], counted[pick], total)
        for pick, (values, total) in enumerate(zip(named, picked.points.tolist(), strict=True))
    ]
    starts = positions.starts.tolist()
    return [flat[start:end] for start, end in pairwise(starts)]


def _reasons(
    values: tuple[int, str, str, int, int], added: list[int], counted: list[int], total: int
) -> tuple[Reason, ...]:
    """Return the reasons of one pick.

    values: the value of each kind in _KINDS, falsy or -1 for none
    added, counted: for each group, its points and its number of features with a contribution
    """
    by_kind: tuple[int | str, ...] = values
    named = {
        group: Reason(kind, value, added[group])
        for (group, kind), value in zip(_KINDS, by_kind, strict=True)
        if added[group] > 0 and value and value != _NOTHING
    }
    reasons = sorted(named.values(), key=lambda reason: -reason.points)
    rest = total - sum(reason.points for reason in reasons)
    if rest or not reasons:
        others = sum(n for group, n in enumerate(counted) if group not in named)
        reasons.append(Reason(ReasonKind.REST, others, rest))
    return tuple(reasons)


_KINDS = (
    (COLLABORATIVE, ReasonKind.BECAUSE),
    (TAG, ReasonKind.TAG),
    (CATEGORY, ReasonKind.CATEGORY),
    (TRENDING, ReasonKind.TRENDING),
    (POPULAR, ReasonKind.POPULAR),
)


def _origins(stage: Stage, histories: Histories, picks: Ragged) -> list[int]:
    """Return the id of the liked product that adds most to each pick, -1 for none."""
    found: list[int] = []
    long, recent = stage.long.tastes(histories), stage.recent.tastes(histories)
    for user in range(len(picks)):
        ids = _strongest(stage.long, *long, picks, user)
        others = _strongest(stage.recent, *recent, picks, user)
        found += [one if one != _NOTHING else other for one, other in zip(ids, others, strict=True)]
    return found


def _strongest(
    retriever: CollaborativeRetriever, liked: Ragged, liking: NDArray[np.float32], picks: Ragged, user: int
) -> list[int]:
    mine = liked[user]
    if not len(mine):
        return [_NOTHING] * len(picks[user])
    weights = liking[liked.starts[user] : liked.starts[user + 1]]
    added = contributions(retriever.links, mine, weights, retriever.columns[picks[user]].astype(np.int64))
    added[weights <= 0] = 0  # a dismissed product is never named as a reason
    best = added.argmax(axis=0)
    ids = retriever.product_ids[retriever.positions[mine[best]]]
    return np.where(added.max(axis=0) > 0, ids, _NOTHING).tolist()


def _liked_tags(stage: Stage, histories: Histories, picks: Ragged) -> list[str]:
    """Return the tag of each pick that ranks highest among the user's favourite tags, "" for none."""
    favourites = stage.content.taste.profiles(histories).tags[picks.rows()]
    tags, names = stage.snapshot.features.tags.take(picks.flat), histories.features.tag_names.names
    found = []
    for pick, liked in enumerate(favourites.tolist()):
        held = set(tags[pick].tolist())
        found.append(next((names[code] for code in liked if code >= 0 and code in held), ""))
    return found


def _liked_categories(stage: Stage, picks: Ragged, table: NDArray[np.float32]) -> list[str]:
    """Return the category of each pick, "" if the user's history has no product of it."""
    features = stage.snapshot.features
    names = features.categories.names
    codes = np.where(table[:, _OF_CATEGORY] > 0, features.category[picks.flat], _NOTHING)
    return [names[code] if code >= 0 else "" for code in codes.tolist()]
