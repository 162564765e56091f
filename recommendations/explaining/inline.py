"""Finds the words for a shelf, while somebody waits for them."""

from dataclasses import dataclass
from typing import Protocol

from recommendations.explainers.base import Evidence, Explainer, Explanation, Finding, Source, Suggestion
from recommendations.serving.results import RecommendationList


def evidence(shelf: RecommendationList) -> Evidence:
    """Return what an explanation may say. Facts that no sentence would use are left out of its digest."""
    has_note = shelf.finding is not Finding.FOUND or not shelf.items
    return Evidence(
        user_name=shelf.shopper.name,
        summary=shelf.summary,
        finding=shelf.finding,
        suggestions=tuple(
            Suggestion(placed.product.name, placed.product.category, placed.reasons) for placed in shelf.items
        ),
        is_narrowed=shelf.is_narrowed and has_note,
        is_continued=shelf.is_continued and not shelf.items,
    )


def explained(shelf: RecommendationList, explainer: Explainer) -> Explanation:
    """Return the text written ahead if this explainer wrote it for exactly this shelf, else a new one."""
    found, stored = evidence(shelf), shelf.stored_explanation
    if stored is not None and stored.digest == found.digest(explainer.identity):
        return stored.explanation
    return explainer.explain(found)


@dataclass(frozen=True, slots=True)
class ProvidedExplanation:
    """What is said of a shelf.

    is_settled: whether the same shelf is given the same words again, so that the answer may be kept
    awaited:    the id under which better words are being written, "" where none are
    """

    explanation: Explanation
    is_settled: bool
    awaited: str = ""


class ExplanationProvider(Protocol):
    """Finds the words for a shelf."""

    def __call__(self, shelf: RecommendationList) -> ProvidedExplanation: ...


@dataclass(frozen=True, slots=True)
class InlineExplanations:
    """Has them written while the shopper waits."""

    explainer: Explainer

    def __call__(self, shelf: RecommendationList) -> ProvidedExplanation:
        words = explained(shelf, self.explainer)
        was_written = shelf.stored_explanation is not None and words is shelf.stored_explanation.explanation
        return ProvidedExplanation(words, was_written or self.explainer.source is Source.TEMPLATE)
