"""Retriever of the buy-again placement: products bought repeatedly, most due first. Needs no training."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.histories import Candidates, Histories, Mask
from recommendations.engine.reasons import Reason, ReasonKind
from recommendations.engine.replenishment import Habits, habits
from recommendations.engine.snapshot import Snapshot
from recommendations.strategies.base import Reasons

_THOUSANDTHS = 1000


@dataclass(frozen=True, slots=True)
class BuyAgain:
    """Orders repeated purchases by how due they are, 1 point for one usual interval; ties by position.

    now: seconds since 1970, to which days are counted; zone: time zone of the days, such as Europe/Paris
    """

    snapshot: Snapshot
    now: int
    zone: str

    def retrieve(self, histories: Histories, *, allowed: Mask, k: int) -> Candidates:
        found = self._habits(histories)
        positions = np.full((len(histories), k), -1, np.int64)
        points = np.zeros((len(histories), k), np.int64)
        due = _thousandths(found)
        for user in range(len(histories)):
            mine = found.rows == user
            mine &= allowed.everyone[found.positions] & ~np.isin(found.positions, allowed.own[user])
            order = np.flatnonzero(mine)
            order = order[np.argsort(-due[order], kind="stable")][:k]
            positions[user, : len(order)] = found.positions[order]
            points[user, : len(order)] = due[order]
        return Candidates(positions, points)

    def reasons(self, histories: Histories, candidates: Candidates) -> Reasons:
        """Return two reasons a product: its days of purchase, with 0 points, and how due it is, with all."""
        found = self._habits(histories)
        days = dict(
            zip(
                zip(found.rows.tolist(), found.positions.tolist(), strict=True),
                found.days.tolist(),
                strict=True,
            )
        )
        return [
            [
                (
                    Reason(ReasonKind.BOUGHT, days[user, position], 0),
                    Reason(ReasonKind.DUE, points, points),
                )
                for position, points in zip(*row, strict=True)
                if position >= 0
            ]
            for user, row in enumerate(
                zip(candidates.positions.tolist(), candidates.points.tolist(), strict=True)
            )
        ]

    def _habits(self, histories: Histories) -> Habits:
        key = type(self)
        if key not in histories.derived:
            histories.derived[key] = habits(
                histories, now=self.now, zone=self.zone, n_products=len(self.snapshot)
            )
        found: Habits = histories.derived[key]
        return found


def _thousandths(found: Habits) -> NDArray[np.int64]:
    return np.rint(found.due * _THOUSANDTHS).astype(np.int64)
