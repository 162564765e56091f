"""Evidence in the form in which it waits in the database for a worker: JSON, and the same evidence again."""

from typing import Any

from recommendations.engine.reasons import Reason, ReasonKind
from recommendations.explainers.base import Evidence, Finding, Suggestion


def to_json(evidence: Evidence) -> list[Any]:
    """Return what JSON can hold."""
    return [
        evidence.user_name,
        evidence.summary,
        evidence.finding.value,
        [
            [
                shown.name,
                shown.category,
                [[why.kind.value, why.value, why.points, why.name] for why in shown.reasons],
            ]
            for shown in evidence.suggestions
        ],
        evidence.is_narrowed,
        evidence.is_continued,
    ]


def from_json(form: Any) -> Evidence:
    """Return the evidence that was packed. Raises ValueError for what another version packed otherwise."""
    user_name, summary, finding, suggestions, is_narrowed, is_continued = form
    return Evidence(
        user_name,
        summary,
        Finding(finding),
        tuple(
            Suggestion(
                name,
                category,
                tuple(Reason(ReasonKind(kind), value, points, said) for kind, value, points, said in reasons),
            )
            for name, category, reasons in suggestions
        ),
        is_narrowed,
        is_continued,
    )
