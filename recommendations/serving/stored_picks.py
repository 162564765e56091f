"""Conversion of picks to the JSON of a stored list, and back."""

from collections.abc import Iterable
from typing import Any

from recommendations.engine.reasons import Reason, ReasonKind
from recommendations.pipeline import Pick


def picks_to_json(picks: Iterable[Pick]) -> list[Any]:
    """Return [product id, score, [[kind, value, points], …]] for each pick."""
    return [
        [pick.product_id, pick.score, [[reason.kind, reason.value, reason.points] for reason in pick.reasons]]
        for pick in picks
    ]


def picks_from_json(stored: Any) -> list[Pick]:
    """Return the picks of a stored list.

    Raises TypeError or ValueError if the JSON has another form, names an unknown kind of reason, or holds
    reasons whose points do not add up to the score.
    """
    return [
        Pick(
            int(product_id),
            int(score),
            tuple(Reason(ReasonKind(kind), value, points) for kind, value, points in reasons),
        )
        for product_id, score, reasons in stored
    ]
