"""Recommendation lists, the JSON that REST clients receive, and the versions that validate cached lists."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from recommendations.engine.reasons import Reason, exhaustive
from recommendations.explainers.base import Explanation, Finding
from recommendations.explainers.behaviour import NO_BEHAVIOUR, Behaviour
from recommendations.selectors.products import Details
from recommendations.selectors.shoppers import Shopper
from recommendations.strategies.base import Basis

POPULAR = "popular"
# The finding of a strategy that found nothing, by its basis.
_FINDINGS = exhaustive(
    Basis,
    {
        Basis.POPULARITY: Finding.NOTHING_POPULAR,
        Basis.TREND: Finding.NOTHING_TRENDING,
        Basis.FAVOURITES: Finding.NO_FAVOURITES,
        Basis.HISTORY: Finding.NOTHING_RELATED,
    },
)
_IMPERSONAL = frozenset({Basis.POPULARITY, Basis.TREND})


@dataclass(frozen=True, slots=True)
class ModelRef:
    """A strategy by name and the version of its model, "" if it needs none or none is active."""

    strategy: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class RecommendedItem:
    """A recommended product. score: integer thousandths, the sum of the reasons' points"""

    product: Details
    score: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class StoredExplanation:
    """An explanation that was written ahead, and the digest of the evidence that it was written for."""

    explanation: Explanation
    digest: str


@dataclass(frozen=True, slots=True)
class SnapshotVersion:
    """The snapshot that a live list was computed from.

    stamp, activity: as in `Snapshot`; renewed_at, computed_at: when its popularity was read and the list
    computed, seconds since 1970
    """

    stamp: str
    activity: str
    renewed_at: float
    computed_at: float


@dataclass(frozen=True, slots=True)
class AnswerVersion:
    """What an answer depends on. It is valid while all of this is the same.

    product_ids: all products that were looked at: shown, named in reasons, or found unavailable
    digest:      of these products (`digest_of`)
    uses_list:   whether a stored list may answer the request
    stored_list: identity of the list that answers, or that was out of date; None without one
    list_at:     when the list that answers was made; None for a live answer
    snapshot:    what a live answer was computed from; None for an answer from a stored list
    """

    model: ModelRef
    shopper: Shopper
    product_ids: list[int]
    digest: bytes
    uses_list: bool
    stored_list: str | None = None
    list_at: datetime | None = None
    snapshot: SnapshotVersion | None = None


def digest_of(products: Mapping[int, Details | None]) -> bytes:
    """Return a digest that changes with each of the products, by id; None for one that does not exist."""
    text = repr(sorted(products.items()))
    return hashlib.blake2b(text.encode("utf-8", "backslashreplace"), digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class RecommendationList:
    """The answer, best first.

    fallback:     the filler that the list begins with if the strategy itself found nothing, else None
    summary:      the behaviour in one line
    basis:        what the strategy looks at; None if it had no model, so it looked at nothing
    version:      None if the list cannot be validated later
    is_stored:    whether the list was made ahead
    is_narrowed:  whether filters left some products out
    is_continued: whether an offset left out the best products
    ignored:      references of the request to products that do not exist; None if it names no products
    """

    shopper: Shopper
    items: tuple[RecommendedItem, ...]
    summary: str
    strategy: str
    fallback: str | None
    has_history: bool
    basis: Basis | None
    behaviour: Behaviour = NO_BEHAVIOUR
    stored_explanation: StoredExplanation | None = None
    version: AnswerVersion | None = None
    is_stored: bool = False
    is_narrowed: bool = False
    is_continued: bool = False
    ignored: tuple[str, ...] | None = None

    @property
    def finding(self) -> Finding:
        """Whether the strategy found anything for this shopper, and if not, why."""
        if self.fallback is None:
            return Finding.FOUND
        if not self.has_history and self.basis not in _IMPERSONAL:
            return Finding.NO_HISTORY
        return Finding.NO_MODEL if self.basis is None else _FINDINGS[self.basis]


EXPLANATIONS = "/explanations/"
# The fields of a product that responses show: all but `is_available`.
SHOWN = Details._fields[:-1]
# All that a recommended product shows, by which a request chooses.
PRODUCT_FIELDS = (*SHOWN, "currency", "score", "reasons")


def payload(
    recommendations: RecommendationList,
    explanation: Explanation,
    *,
    pending_id: str = "",
    shown: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the response to a request for recommendations.

    shown:      the fields of each product; all if empty
    pending_id: id of the explanation that a worker is still writing, "" without one
    """
    fields = {
        "user_id": recommendations.shopper.id,
        "user_name": recommendations.shopper.name,
        "recommended_products": products_shown(recommendations.items, shown),
        "llm_explanation": explanation.text,
        "explanation_source": explanation.source.value,
        "user_behavior_summary": recommendations.summary,
        "strategy": recommendations.strategy,
        "fallback": recommendations.fallback,
    }
    if recommendations.ignored is not None:
        fields["ignored"] = recommendations.ignored
    return {**fields, "explanation_url": EXPLANATIONS + pending_id} if pending_id else fields


def products_shown(items: Iterable[RecommendedItem], shown: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return the recommended products, with these fields; with all if there are none."""
    found = [product(item) for item in items]
    return [{name: one[name] for name in shown} for one in found] if shown else found


def product(item: RecommendedItem) -> dict[str, Any]:
    """Return a recommended product. Thousandths become points with at most three decimals."""
    return {
        **dict(zip(SHOWN, item.product, strict=False)),
        "currency": settings.CURRENCY,
        "score": item.score / 1000,
        "reasons": [_reason(reason) for reason in item.reasons],
    }


def _reason(reason: Reason) -> dict[str, Any]:
    fields = {"kind": reason.kind, "value": reason.value, "points": reason.points / 1000}
    return fields if reason.name is None else {**fields, "name": reason.name}
