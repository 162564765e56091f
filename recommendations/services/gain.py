"""How much better one recipe foresaw what users met than another did, user by user."""

from dataclasses import dataclass

from recommendations.engine import metrics
from recommendations.services.measuring import SEED, Measured


@dataclass(frozen=True, slots=True)
class Gain:
    """mean: of the users' differences in NDCG@10; low, high: its 95 % interval."""

    mean: float
    low: float
    high: float

    @property
    def is_sure(self) -> bool:
        """Whether the interval is above zero."""
        return self.low > 0

    def __str__(self) -> str:
        return f"{self.mean:+.4f} (95 % interval {self.low:+.4f} to {self.high:+.4f})"


def gain(candidate: Measured, present: Measured) -> Gain:
    """Return what the candidate gains; both were measured on the same users.

    The differences are resampled by user (paired bootstrap; Efron, 1979; Sakai, 2006).
    """
    differences = candidate.ndcg - present.ndcg
    return Gain(float(differences.mean()), *metrics.interval(differences, seed=SEED))
