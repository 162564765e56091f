"""Retriever of the similar-products placement, by content and behaviour. Needs no training."""

from dataclasses import dataclass

import numpy as np

from recommendations.engine.histories import Candidates, Histories, Mask
from recommendations.engine.reasons import Reason, ReasonKind
from recommendations.strategies.base import Reasons, Retriever

# Number of candidates of each of the two retrievers; a placement shows at most 200.
DEPTH = 400


@dataclass(frozen=True, slots=True)
class Similar:
    """Adds up the points of two retrievers, highest first; ties by position.

    content:   gives points for the category and tags of the product in the history
    behaviour: gives points for products whose users also interacted with that product
    product:   the id of the product, the only one in the history
    """

    content: Retriever
    behaviour: Retriever
    product: int

    def retrieve(self, histories: Histories, *, allowed: Mask, k: int) -> Candidates:
        depth = max(DEPTH, k)
        behaviour = self.behaviour.retrieve(histories, allowed=allowed, k=depth)
        content = self.content.retrieve(histories, allowed=allowed, k=depth)
        positions = np.full((len(histories), k), -1, np.int64)
        points = np.zeros((len(histories), k), np.int64)
        both = _united(content, behaviour)
        for user, why in enumerate(self.content.reasons(histories, both)):
            shown = both.positions[user, : len(why)]
            total = np.array([_points(reasons) for reasons in why], np.int64) + both.points[user, : len(why)]
            order = np.lexsort((shown, -total))[:k]
            positions[user, : len(order)] = shown[order]
            points[user, : len(order)] = total[order]
        return Candidates(positions, points)

    def reasons(self, histories: Histories, candidates: Candidates) -> Reasons:
        """Return the shared category and tags, then the points from behaviour as one reason."""
        return [
            [
                (*reasons, *self._behaviour(total - _points(reasons)))
                for reasons, total in zip(why, totals, strict=False)
            ]
            for why, totals in zip(
                self.content.reasons(histories, candidates), candidates.points.tolist(), strict=True
            )
        ]

    def _behaviour(self, points: int) -> tuple[Reason, ...]:
        return (Reason(ReasonKind.SIMILAR, self.product, points),) if points else ()


def _united(content: Candidates, behaviour: Candidates) -> Candidates:
    """Return the candidates of both, each product once, with the points of `behaviour` only."""
    n_users = len(content.positions)
    width = content.positions.shape[1] + behaviour.positions.shape[1]
    positions, points = np.full((n_users, width), -1, np.int64), np.zeros((n_users, width), np.int64)
    for user in range(n_users):
        liked = behaviour.positions[user, : behaviour.lengths[user]]
        alike = content.positions[user, : content.lengths[user]]
        union = np.concatenate([liked, alike[~np.isin(alike, liked)]])
        positions[user, : len(union)] = union
        points[user, : len(liked)] = behaviour.points[user, : len(liked)]
    return Candidates(positions, points)


def _points(reasons: tuple[Reason, ...]) -> int:
    return sum(reason.points for reason in reasons)
