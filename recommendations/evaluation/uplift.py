"""How much better one recipe foresaw what users met than another did, user by user."""

from dataclasses import dataclass

import numpy as np

from recommendations.engine import metrics
from recommendations.evaluation.measure import SEED, StrategyMetrics

# Of five users who differ all may differ the same way by chance more often than once in 20 (sign test), and
# resampling so few gives an interval that is far too narrow.
FEWEST = 6


@dataclass(frozen=True, slots=True)
class Uplift:
    """mean: of the users' differences in NDCG@10; low, high: its 95 % interval; differing: users with any."""

    mean: float
    low: float
    high: float
    differing: int

    @property
    def is_sure(self) -> bool:
        """Whether the interval is above zero, and from users enough to say so."""
        return self.low > 0 and self.differing >= FEWEST

    def __str__(self) -> str:
        few = "" if self.differing >= FEWEST else f", from {self.differing} users, where {FEWEST} are needed"
        return f"{self.mean:+.4f} (95 % interval {self.low:+.4f} to {self.high:+.4f}{few})"


def uplift(candidate: StrategyMetrics, present: StrategyMetrics) -> Uplift:
    """Return what the candidate gains; both were measured on the same users.

    The differences are resampled by user (paired bootstrap; Efron, 1979; Sakai, 2006).
    """
    differences = candidate.ndcg - present.ndcg
    low, high = metrics.interval(differences, seed=SEED)
    return Uplift(float(differences.mean()), low, high, int(np.count_nonzero(differences)))
