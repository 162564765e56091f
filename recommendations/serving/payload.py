"""Recommendation lists as plain dicts, the JSON that REST clients receive."""

from typing import Any

from django.conf import settings

from recommendations.engine.reasons import Reason
from recommendations.explainers.base import Explanation
from recommendations.selectors.products import Details
from recommendations.serving.results import RecommendationList, RecommendedItem

EXPLANATIONS = "/explanations/"
# The fields of a product that responses show: all but `is_available`.
SHOWN = Details._fields[:-1]


def payload(
    recommendations: RecommendationList, explanation: Explanation, *, pending_id: str = ""
) -> dict[str, Any]:
    """Return the response to a request for recommendations.

    pending_id: id of the explanation that a worker is still writing, "" without one
    """
    fields = {
        "user_id": recommendations.shopper.id,
        "user_name": recommendations.shopper.name,
        "recommended_products": [product(item) for item in recommendations.items],
        "llm_explanation": explanation.text,
        "explanation_source": explanation.source.value,
        "user_behavior_summary": recommendations.summary,
        "strategy": recommendations.strategy,
        "fallback": recommendations.fallback,
    }
    if recommendations.ignored is not None:
        fields["ignored"] = recommendations.ignored
    return {**fields, "explanation_url": EXPLANATIONS + pending_id} if pending_id else fields


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
