"""Evidence in the form in which it waits in the database for a worker: JSON, and the same evidence again."""

from typing import Any

from recommendations.engine.reasons import Reason, ReasonKind
from recommendations.explainers.base import Evidence, Suggestion


def packed(evidence: Evidence) -> list[Any]:
    """Return what JSON can hold."""
    return [
        evidence.user_name,
        evidence.summary,
        evidence.has_history,
        [
            [
                shown.name,
                shown.category,
                [[why.kind.value, why.value, why.points, why.name] for why in shown.reasons],
            ]
            for shown in evidence.suggestions
        ],
    ]


def unpacked(form: Any) -> Evidence:
    """Return the evidence that was packed."""
    user_name, summary, has_history, suggestions = form
    return Evidence(
        user_name,
        summary,
        has_history,
        tuple(
            Suggestion(
                name,
                category,
                tuple(Reason(ReasonKind(kind), value, points, said) for kind, value, points, said in reasons),
            )
            for name, category, reasons in suggestions
        ),
    )
