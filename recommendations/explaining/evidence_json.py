"""Conversion of evidence to the JSON that is stored for a worker, and back."""

from typing import Any

from recommendations.engine.reasons import Reason, ReasonKind
from recommendations.explainers.base import Evidence, Finding, Suggestion
from recommendations.explainers.behaviour import Behaviour


def to_json(evidence: Evidence) -> list[Any]:
    """Return the evidence as lists, strings and numbers."""
    return [
        evidence.user_name,
        evidence.behaviour.to_json(),
        evidence.finding.value,
        [
            [
                suggestion.name,
                suggestion.category,
                [
                    [reason.kind.value, reason.value, reason.points, reason.name]
                    for reason in suggestion.reasons
                ],
            ]
            for suggestion in evidence.suggestions
        ],
        evidence.is_narrowed,
        evidence.is_continued,
    ]


def from_json(stored: Any) -> Evidence:
    """Return the evidence. Raises ValueError for JSON of an incompatible version."""
    user_name, behaviour, finding, suggestions, is_narrowed, is_continued = stored
    return Evidence(
        user_name,
        Behaviour.from_json(behaviour),
        Finding(finding),
        tuple(
            Suggestion(
                name,
                category,
                tuple(
                    Reason(ReasonKind(kind), value, points, label) for kind, value, points, label in reasons
                ),
            )
            for name, category, reasons in suggestions
        ),
        is_narrowed,
        is_continued,
    )
