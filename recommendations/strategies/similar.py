"""Products like a given one, by content and by behaviour: a placement's own retriever, fitted to nothing."""

from dataclasses import dataclass

import numpy as np

from recommendations.engine.candidates import Candidates
from recommendations.engine.histories import Histories, Mask
from recommendations.engine.reasons import Reason, ReasonKind
from recommendations.strategies.base import Reasons, Retriever

# How many each of the two proposes: no placement shows more than 200.
DEPTH = 400


@dataclass(frozen=True, slots=True)
class Similar:
    """The points of both added up, the highest first; ties by position.

    content:   gives points for the category and the tags that a history's product has
    behaviour: gives points for what those who met the product met too; one that knows nothing adds nothing
    product:   the id of the product, the one in the history
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
            worth = np.array([_points(reasons) for reasons in why], np.int64) + both.points[user, : len(why)]
            order = np.lexsort((shown, -worth))[:k]
            positions[user, : len(order)] = shown[order]
            points[user, : len(order)] = worth[order]
        return Candidates(positions, points)

    def reasons(self, histories: Histories, candidates: Candidates) -> Reasons:
        """The category and the tags in common, then what behaviour adds."""
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
    """Return what either proposes, each product once, with the points of behaviour alone."""
    n_users = len(content.positions)
    width = content.positions.shape[1] + behaviour.positions.shape[1]
    positions, points = np.full((n_users, width), -1, np.int64), np.zeros((n_users, width), np.int64)
    for user in range(n_users):
        liked = behaviour.positions[user, : behaviour.lengths[user]]
        alike = content.positions[user, : content.lengths[user]]
        all_of_them = np.concatenate([liked, alike[~np.isin(alike, liked)]])
        positions[user, : len(all_of_them)] = all_of_them
        points[user, : len(liked)] = behaviour.points[user, : len(liked)]
    return Candidates(positions, points)


def _points(reasons: tuple[Reason, ...]) -> int:
    return sum(reason.points for reason in reasons)
