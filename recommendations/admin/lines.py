"""Recommended products as the lines of a table that staff read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from recommendations.engine.reasons import Reason, ReasonKind
from recommendations.pipeline import Pick
from recommendations.selectors.products import Details
from recommendations.serving.results import RecommendationList


@dataclass(frozen=True, slots=True)
class Line:
    """One product in its place. product: None when it was deleted since; reasons: points and words."""

    product_id: int
    product: Details | None
    score: str
    reasons: tuple[tuple[str, str], ...]


def lines_of(shelf: RecommendationList) -> list[Line]:
    return [
        Line(placed.product.id, placed.product, points(placed.score), format_reasons(placed.reasons))
        for placed in shelf.items
    ]


def stored_lines(picks: Iterable[Pick], known: Mapping[int, Details]) -> list[Line]:
    """Return the picks of a stored list. known: the products' fields, as far as they still exist."""
    return [
        Line(pick.product_id, known.get(pick.product_id), points(pick.score), format_reasons(pick.reasons))
        for pick in picks
    ]


def points(thousandths: int) -> str:
    """Return points with as many decimals as they have: 16, 2.5."""
    return f"{thousandths / 1000:.3f}".rstrip("0").rstrip(".")


def format_reasons(reasons: Iterable[Reason]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (f"{reason.points / 1000:+.3f}".rstrip("0").rstrip("."), format_reason(reason)) for reason in reasons
    )


def format_reason(reason: Reason) -> str:
    if reason.kind is ReasonKind.POPULAR:
        return f"popular: {int(reason.value):,} interaction{'' if reason.value == 1 else 's'}"
    if reason.kind is ReasonKind.TRENDING:
        return f"trending: {int(reason.value):,} recent interaction{'' if reason.value == 1 else 's'}"
    if reason.kind is ReasonKind.REST:
        return f"everything else ({reason.value:,} not named)" if reason.value else "everything else"
    return f"{reason.kind.value} {reason.name or reason.value}"
