"""A shelf and its words as plain dicts, the shape that REST clients get."""

from typing import Any

from recommendations.engine.reasons import Reason
from recommendations.explainers.base import Explanation
from recommendations.serving.results import RecommendationList, RecommendedItem

EXPLANATIONS = "/explanations/"


def payload(shelf: RecommendationList, explanation: Explanation, *, awaited: str = "") -> dict[str, Any]:
    """awaited: the id under which better words are being written, "" where none are"""
    said = {
        "user_id": shelf.shopper.id,
        "user_name": shelf.shopper.name,
        "recommended_products": [product(placed) for placed in shelf.items],
        "llm_explanation": explanation.text,
        "explanation_source": explanation.source.value,
        "user_behavior_summary": shelf.summary,
        "strategy": shelf.strategy,
        "fallback": shelf.fallback,
    }
    return {**said, "explanation_url": EXPLANATIONS + awaited} if awaited else said


def product(placed: RecommendedItem) -> dict[str, Any]:
    """Return a recommended product. Points and scores leave as points, with three decimals at most."""
    shown = placed.product
    return {
        "id": shown.id,
        "external_id": shown.external_id,
        "name": shown.name,
        "category": shown.category,
        "price": shown.price,
        "description": shown.description,
        "tags": list(shown.tags),
        "score": placed.score / 1000,
        "reasons": [_reason(reason) for reason in placed.reasons],
    }


def _reason(reason: Reason) -> dict[str, Any]:
    said = {"kind": reason.kind, "value": reason.value, "points": reason.points / 1000}
    return said if reason.name is None else {**said, "name": reason.name}
