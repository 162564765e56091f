"""Finds the words for a shelf."""

from recommendations.explainers.base import Evidence, Explainer, Explanation, Suggestion
from recommendations.services.shelf import Shelf


def evidence(shelf: Shelf) -> Evidence:
    """Return all that may be said of the shelf."""
    return Evidence(
        user_name=shelf.shopper.name,
        summary=shelf.summary,
        has_history=shelf.has_history,
        suggestions=tuple(
            Suggestion(placed.product.name, placed.product.category, placed.reasons)
            for placed in shelf.placed
        ),
    )


def explained(shelf: Shelf, explainer: Explainer) -> Explanation:
    """Return the text written ahead if this explainer wrote it for exactly this shelf, else a new one."""
    grounds = evidence(shelf)
    if shelf.written is not None and shelf.written.digest == grounds.digest(explainer.identity):
        return shelf.written.explanation
    return explainer.explain(grounds)
