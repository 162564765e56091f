"""What is asked for, and what is answered: one shopper's list, ready to be shown."""

from dataclasses import dataclass
from typing import Protocol

from recommendations.engine.reasons import Reason
from recommendations.explainers.base import Explanation
from recommendations.selectors.products import Details
from recommendations.selectors.shoppers import Shopper

POPULAR = "popular"


@dataclass(frozen=True, slots=True)
class Ask:
    """Who wants how many products, by which strategy."""

    shopper: Shopper
    top_n: int
    strategy: str


@dataclass(frozen=True, slots=True)
class Placed:
    """A product in its place. score: integer thousandths, the sum of the reasons' points."""

    product: Details
    score: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """A text that was written ahead, and the digest of what it was written for."""

    explanation: Explanation
    digest: str


@dataclass(frozen=True, slots=True)
class Shelf:
    """The answer, best first. fallback: "popular" when the strategy itself found nothing, else None."""

    shopper: Shopper
    placed: tuple[Placed, ...]
    summary: str
    strategy: str
    fallback: str | None
    has_history: bool
    written: Written | None = None


class Recommend(Protocol):
    """Answers an ask. What caches has the same shape as what it wraps."""

    def __call__(self, ask: Ask) -> Shelf: ...
