"""What is asked for, and what is answered: one shopper's list, ready to be shown."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from recommendations.engine.reasons import Reason, exhaustive
from recommendations.explainers.base import Explanation, Finding
from recommendations.selectors.products import Details
from recommendations.selectors.shoppers import Shopper
from recommendations.selectors.states import State
from recommendations.serving.filters import NO_FILTERS, Filters
from recommendations.strategies.base import Basis

POPULAR = "popular"
# What it means that a strategy found nothing, by what it looks at.
_NOTHING_BY = exhaustive(
    Basis,
    {
        Basis.POPULARITY: Finding.NOTHING_POPULAR,
        Basis.TREND: Finding.NOTHING_TRENDING,
        Basis.FAVOURITES: Finding.NO_FAVOURITES,
        Basis.HISTORY: Finding.NOTHING_RELATED,
    },
)
_OF_EVERYBODY = frozenset({Basis.POPULARITY, Basis.TREND})


@dataclass(frozen=True, slots=True)
class ModelRef:
    """A strategy by name, and the version of its model; "" where it needs none, or none is active."""

    strategy: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class RecommendationRequest:
    """Who wants how many products, by which strategy, and how they are narrowed down.

    diversity: from 0, the best, to 1, the most different; offset: how many of the best are left out
    """

    shopper: Shopper
    top_n: int
    chosen: ModelRef
    filters: Filters = NO_FILTERS
    diversity: float = 0.0
    offset: int = 0

    @property
    def is_plain(self) -> bool:
        """Whether nothing but the head of the shopper's own list is asked for."""
        return self.filters == NO_FILTERS and not self.diversity and not self.offset


@dataclass(frozen=True, slots=True)
class RecommendedItem:
    """A product in its place. score: integer thousandths, the sum of the reasons' points."""

    product: Details
    score: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class StoredExplanation:
    """A text that was written ahead, and the digest of what it was written for."""

    explanation: Explanation
    digest: str


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a shelf from a stored list stands on.

    products: the ids of all that the list holds and its reasons name; shown: of those on the shelf
    state:    what the database held before their fields were read
    """

    chosen: ModelRef
    products: list[int]
    shown: list[int]
    state: State

    @property
    def user_id(self) -> int:
        return self.state.user_id


@dataclass(frozen=True, slots=True)
class LiveGrounds:
    """What a shelf that was computed live stands on.

    products: the ids of all that were looked at: shown, named, or found gone; at least one
    facts:    the digest of what the database held of the shopper and of these, as they were shown
    list_at:  when the stored list was made that did not hold, None where there was none; for who asks
              for a plain shelf alone, since nothing else is answered from it
    stamp:    of the snapshot; read_at: when that was read; made_at: when the shelf was; seconds since 1970
    """

    chosen: ModelRef
    user_id: int
    products: list[int]
    facts: bytes
    is_plain: bool
    stamp: str
    read_at: float
    made_at: float
    list_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RecommendationList:
    """The answer, best first.

    fallback: what filled it when the strategy itself found nothing, else None
    basis:    what the strategy looked at; None where it looked at nothing, for want of a model
    grounds:  None for what cannot be told to be the same the next time
    is_stored: whether it was made ahead
    is_narrowed: whether filters left some products out; is_continued: whether the best were left out
    """

    shopper: Shopper
    items: tuple[RecommendedItem, ...]
    summary: str
    strategy: str
    fallback: str | None
    has_history: bool
    basis: Basis | None
    written: StoredExplanation | None = None
    grounds: Grounds | LiveGrounds | None = None
    is_stored: bool = False
    is_narrowed: bool = False
    is_continued: bool = False

    @property
    def finding(self) -> Finding:
        """What the strategy found for this shopper, or why nothing."""
        if self.fallback is None:
            return Finding.FOUND
        if not self.has_history and self.basis not in _OF_EVERYBODY:
            return Finding.NO_HISTORY
        return Finding.NO_MODEL if self.basis is None else _NOTHING_BY[self.basis]


class Recommender(Protocol):
    """Answers an ask. What caches has the same shape as what it wraps."""

    def __call__(self, ask: RecommendationRequest) -> RecommendationList: ...
