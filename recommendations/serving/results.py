"""Recommendation lists as they are answered, and the versions that say how long they are valid."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from recommendations.engine.reasons import Reason, exhaustive
from recommendations.explainers.base import Explanation, Finding
from recommendations.selectors.products import Details
from recommendations.selectors.shoppers import Shopper
from recommendations.serving.request import RecommendationRequest
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
class SnapshotVersion:
    """The snapshot that a live list was computed from.

    stamp: changes with the snapshot's content; read_at, computed_at: when the snapshot was read and the
    list computed, seconds since 1970
    """

    stamp: str
    read_at: float
    computed_at: float


@dataclass(frozen=True, slots=True)
class AnswerVersion:
    """What an answer depends on. It is valid while the database still holds the same.

    product_ids: all products that were looked at: shown, named in reasons, or found unavailable
    digest:      of the user, their events and these products; see `selectors.answer_versions`
    uses_list:   whether a stored list may answer the request
    stored_list: identity of the list that answers, or that was out of date; None without one
    list_at:     when the list that answers was made; None for a live answer
    snapshot:    what a live answer was computed from; None for an answer from a stored list
    """

    model: ModelRef
    user_id: int
    product_ids: list[int]
    digest: bytes
    uses_list: bool
    stored_list: str | None = None
    list_at: datetime | None = None
    snapshot: SnapshotVersion | None = None


@dataclass(frozen=True, slots=True)
class RecommendationList:
    """The answer, best first.

    fallback: what filled it when the strategy itself found nothing, else None
    basis:    what the strategy looked at; None where it looked at nothing, for want of a model
    version:  None when too much was looked at to compare it later
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
    stored_explanation: StoredExplanation | None = None
    version: AnswerVersion | None = None
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
    """Recommends products to one user. A wrapper around a recommender has the same signature."""

    def __call__(
        self, request: RecommendationRequest, shopper: Shopper, model: ModelRef
    ) -> RecommendationList: ...
