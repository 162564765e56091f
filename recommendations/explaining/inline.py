"""Explanations written during the request."""

from dataclasses import dataclass
from typing import Protocol

from recommendations.explainers.base import Evidence, Explainer, Explanation, Finding, Source, Suggestion
from recommendations.serving.results import RecommendationList


def evidence(recommendations: RecommendationList) -> Evidence:
    """Return what an explanation may mention. Facts that no sentence uses do not change its digest."""
    suggestions = tuple(
        [Suggestion(item.product.name, item.product.category, item.reasons) for item in recommendations.items]
    )
    finding = recommendations.finding
    has_note = finding is not Finding.FOUND or not suggestions
    return Evidence(
        user_name=recommendations.shopper.name,
        behaviour=recommendations.behaviour,
        finding=finding,
        suggestions=suggestions,
        is_narrowed=recommendations.is_narrowed and has_note,
        is_continued=recommendations.is_continued and not suggestions,
    )


def explanation_of(recommendations: RecommendationList, explainer: Explainer) -> Explanation:
    """Return the stored explanation if this explainer wrote it for the same evidence, else a new one."""
    facts, stored = evidence(recommendations), recommendations.stored_explanation
    if stored is not None and stored.digest == facts.digest(explainer.identity):
        return stored.explanation
    return explainer.explain(facts)


@dataclass(frozen=True, slots=True)
class ProvidedExplanation:
    """An explanation, and whether a response with it may be cached.

    is_final:   whether the same evidence always gets the same explanation
    pending_id: id of the explanation that a worker is still writing, "" without one
    """

    explanation: Explanation
    is_final: bool
    pending_id: str = ""


class ExplanationProvider(Protocol):
    """Provides the explanation of a recommendation list."""

    def __call__(self, recommendations: RecommendationList) -> ProvidedExplanation: ...


@dataclass(frozen=True, slots=True)
class InlineExplanations:
    """Has the explainer write the explanation during the request."""

    explainer: Explainer

    def __call__(self, recommendations: RecommendationList) -> ProvidedExplanation:
        """Return the explanation. It is final if it was stored or comes from the template."""
        explanation = explanation_of(recommendations, self.explainer)
        stored = recommendations.stored_explanation
        is_stored = stored is not None and explanation is stored.explanation
        return ProvidedExplanation(explanation, is_stored or self.explainer.source is Source.TEMPLATE)
