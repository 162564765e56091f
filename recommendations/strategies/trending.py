"""The trending strategy: products with the most recent interactions."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.actions import number
from recommendations.engine.histories import Candidates, Histories, Mask
from recommendations.engine.popularity import first_allowed
from recommendations.engine.ragged import Ints
from recommendations.engine.reasons import Reason, ReasonKind
from recommendations.engine.snapshot import Snapshot
from recommendations.engine.trend import Trend, trend
from recommendations.strategies.base import Basis, Reasons, Training

_THOUSANDTHS = 1000
# Older events have less than a thousandth of their weight and are ignored.
_HALF_LIVES = 10


@dataclass(frozen=True, slots=True)
class Trending:
    """Orders products by sums of event weights that decay with one half-life for all actions."""

    half_life_days: float
    fallback: ClassVar[str] = "popular"
    basis: ClassVar[Basis] = Basis.TREND

    @classmethod
    def from_options(cls, *, half_life_days: float = 7) -> Self:
        return cls(number("half_life_days", half_life_days, low=0.01, high=3650))

    @property
    def log_days(self) -> float:
        return self.half_life_days * _HALF_LIVES

    def fit(self, training: Training) -> "TrendingModel":
        now = training.snapshot.now
        return TrendingModel(trend(training.log, training.table, half_life_days=self.half_life_days, now=now))


@dataclass(frozen=True, slots=True)
class TrendingModel:
    trend: Trend

    def bind(self, snapshot: Snapshot) -> "TrendingRetriever":
        positions = snapshot.locate(self.trend.product_ids)
        points = np.rint(self.trend.scores * _THOUSANDTHS).astype(np.int64)
        kept = (positions >= 0) & (points > 0)
        by_position = np.zeros(len(snapshot) + 1, np.int64)
        by_position[positions[kept]] = points[kept]
        counts = np.zeros(len(snapshot) + 1, np.int32)
        counts[positions[kept]] = self.trend.n_events[kept]
        trending = np.flatnonzero(by_position)
        order = trending[np.argsort(-by_position[trending], kind="stable")].astype(np.int32)
        return TrendingRetriever(order, by_position, counts)


@dataclass(frozen=True, slots=True)
class TrendingRetriever:
    """Products with a trend score above 0, best first; ties by position.

    order:  shape (n_ordered,), positions
    points: shape (n_products + 1,), thousandths; the last entry, for position -1, is 0
    counts: shape (n_products + 1,), number of the events that the points sum up
    """

    order: Ints
    points: NDArray[np.int64]
    counts: Ints

    def retrieve(self, histories: Histories, *, allowed: Mask, k: int) -> Candidates:
        positions = first_allowed(self.order, allowed=allowed, k=k)
        return Candidates(positions, self.points[positions])

    def reasons(self, histories: Histories, candidates: Candidates) -> Reasons:
        """Return one reason a product: the number of events that count, with all of its points."""
        found: Reasons = []
        for positions in candidates.positions:
            shown = positions[positions >= 0]
            pairs = zip(self.counts[shown].tolist(), self.points[shown].tolist(), strict=True)
            found.append([(Reason(ReasonKind.TRENDING, n, points),) for n, points in pairs])
        return found
