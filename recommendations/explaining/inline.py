"""Finds the words for a shelf, while somebody waits for them."""

from dataclasses import dataclass
from typing import Protocol

from recommendations.explainers.base import Evidence, Explainer, Explanation, Source, Suggestion
from recommendations.serving.results import RecommendationList


def evidence(shelf: RecommendationList) -> Evidence:
    """Return all that may be said of the shelf."""
    return Evidence(
        user_name=shelf.shopper.name,
        summary=shelf.summary,
        finding=shelf.finding,
        suggestions=tuple(
            Suggestion(placed.product.name, placed.product.category, placed.reasons) for placed in shelf.items
        ),
        is_narrowed=shelf.is_narrowed,
        is_continued=shelf.is_continued,
    )


def explained(shelf: RecommendationList, explainer: Explainer) -> Explanation:
    """Return the text written ahead if this explainer wrote it for exactly this shelf, else a new one."""
    grounds = evidence(shelf)
    if shelf.written is not None and shelf.written.digest == grounds.digest(explainer.identity):
        return shelf.written.explanation
    return explainer.explain(grounds)


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
        was_written = shelf.written is not None and words is shelf.written.explanation
        return ProvidedExplanation(words, was_written or self.explainer.source is Source.TEMPLATE)
