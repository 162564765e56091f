"""Recommendation lists as plain dicts, the JSON that REST clients receive."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings

from recommendations.engine.reasons import Reason
from recommendations.explainers.base import Explanation
from recommendations.selectors.products import Details
from recommendations.serving.results import RecommendationList, RecommendedItem

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
        "recommended_products": products(recommendations.items, shown),
        "llm_explanation": explanation.text,
        "explanation_source": explanation.source.value,
        "user_behavior_summary": recommendations.summary,
        "strategy": recommendations.strategy,
        "fallback": recommendations.fallback,
    }
    if recommendations.ignored is not None:
        fields["ignored"] = recommendations.ignored
    return {**fields, "explanation_url": EXPLANATIONS + pending_id} if pending_id else fields


def products(items: Iterable[RecommendedItem], shown: Sequence[str] = ()) -> list[dict[str, Any]]:
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
