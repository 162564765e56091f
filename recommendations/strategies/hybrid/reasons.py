"""Why the hybrid picked a product: what the ranker's features added, told as reasons that shoppers know."""

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
    """What is to be explained.

    asked: one row a user, positions; points: shape (n_asked,), thousandths
    table: shape (n_asked, n_features); parts: the same shape, what each feature added, in thousandths
    """

    asked: Ragged
    points: NDArray[np.int64]
    table: NDArray[np.float32]
    parts: NDArray[np.float64]


def reasons_of(stage: Stage, histories: Histories, picked: Picked) -> Reasons:
    """Return the reasons of each pick, the strongest first, the rest last; they add up to its points.

    Of what speaks for a pick only that is named which holds. The rest is all else: features that are not of
    a named kind, for or against the pick, and where the ranker begins to count.
    """
    asked, parts = picked.asked, picked.parts
    groups = [parts[:, group == GROUPS] for group in range(OTHER + 1)]
    added = np.rint(np.stack([group.sum(axis=1) for group in groups], axis=1)).astype(np.int64).tolist()
    counted = np.stack([np.count_nonzero(group, axis=1) for group in groups], axis=1).tolist()
    said = zip(
        _origins(stage, histories, asked),
        _liked_tags(stage, histories, asked),
        _liked_categories(stage, asked, picked.table),
        stage.item_features.week[stage.rows[asked.flat]].tolist(),
        stage.snapshot.popularity[asked.flat].tolist(),
        strict=True,
    )
    flat = [
        _reasons(values, added[pick], counted[pick], total)
        for pick, (values, total) in enumerate(zip(said, picked.points.tolist(), strict=True))
    ]
    starts = asked.starts.tolist()
    return [flat[start:end] for start, end in pairwise(starts)]


def _reasons(
    values: tuple[int, str, str, int, int], added: list[int], counted: list[int], total: int
) -> tuple[Reason, ...]:
    """Return the reasons of one pick. added, counted: of each group, points and features that gave some."""
    told: tuple[int | str, ...] = values
    named = {
        group: Reason(kind, value, added[group])
        for (group, kind), value in zip(_KINDS, told, strict=True)
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


def _origins(stage: Stage, histories: Histories, asked: Ragged) -> list[int]:
    """Return the id of the product in the user's history that speaks most for each pick, -1 for none."""
    found: list[int] = []
    (liked, liking), newly = stage.long.tastes(histories), stage.recent.tastes(histories)
    for user in range(len(asked)):
        ids = _strongest(stage.long, liked, liking, asked, user)
        others = _strongest(stage.recent, *newly, asked, user)
        found += [one if one != _NOTHING else other for one, other in zip(ids, others, strict=True)]
    return found


def _strongest(
    memory: CollaborativeRetriever, liked: Ragged, liking: NDArray[np.float32], asked: Ragged, user: int
) -> list[int]:
    mine = liked[user]
    if not len(mine):
        return [_NOTHING] * len(asked[user])
    weights = liking[liked.starts[user] : liked.starts[user + 1]]
    added = contributions(memory.links, mine, weights, memory.columns[asked[user]].astype(np.int64))
    added[weights <= 0] = 0  # what speaks against a dismissed product does not hold as a ground
    best = added.argmax(axis=0)
    ids = memory.product_ids[memory.positions[mine[best]]]
    return np.where(added.max(axis=0) > 0, ids, _NOTHING).tolist()


def _liked_tags(stage: Stage, histories: Histories, asked: Ragged) -> list[str]:
    """Return the tag of each pick that its user likes best, "" where it has none of their favourites."""
    favourites = stage.content.taste.profiles(histories).tags[asked.rows()]
    tags, names = stage.snapshot.features.tags.take(asked.flat), histories.features.tag_names.names
    found = []
    for pick, liked in enumerate(favourites.tolist()):
        held = set(tags[pick].tolist())
        found.append(next((names[code] for code in liked if code >= 0 and code in held), ""))
    return found


def _liked_categories(stage: Stage, asked: Ragged, table: NDArray[np.float32]) -> list[str]:
    """Return the category of each pick, "" where its user has nothing of it."""
    features = stage.snapshot.features
    names = features.categories.names
    codes = np.where(table[:, _OF_CATEGORY] > 0, features.category[asked.flat], _NOTHING)
    return [names[code] if code >= 0 else "" for code in codes.tolist()]
