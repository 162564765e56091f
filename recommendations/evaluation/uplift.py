"""Compare two measured estimators user by user."""

from dataclasses import dataclass

import numpy as np

from recommendations.engine import metrics
from recommendations.evaluation.measure import SEED, StrategyMetrics

# If only five users differ, all of them differ in the same direction by chance more often than once in 20
# (sign test), and resampling so few users gives far too narrow an interval.
FEWEST_DIFFERING = 6


@dataclass(frozen=True, slots=True)
class Uplift:
    """The mean difference in NDCG@10 and its 95 % interval. differing: number of users with a difference"""

    mean: float
    low: float
    high: float
    differing: int

    @property
    def is_sure(self) -> bool:
        """Whether the interval is above zero and enough users differ."""
        return self.low > 0 and self.differing >= FEWEST_DIFFERING

    def __str__(self) -> str:
        few = ""
        if self.differing < FEWEST_DIFFERING:
            few = f", from {self.differing} users; {FEWEST_DIFFERING} are needed"
        return f"{self.mean:+.4f} (95 % interval {self.low:+.4f} to {self.high:+.4f}{few})"


def uplift(candidate: StrategyMetrics, baseline: StrategyMetrics) -> Uplift:
    """Return how much better the candidate is than the baseline; both were measured on the same users.

    The users' differences are resampled (paired bootstrap; Efron, 1979; Sakai, 2006).
    """
    differences = candidate.ndcg - baseline.ndcg
    low, high = metrics.interval(differences, seed=SEED)
    return Uplift(float(differences.mean()), low, high, int(np.count_nonzero(differences)))
