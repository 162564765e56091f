"""Recommended products as the lines of a table that staff read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from recommendations.engine.reasons import Reason, ReasonKind
from recommendations.pipeline import Pick
from recommendations.selectors.products import Details
from recommendations.serving.results import Shelf


@dataclass(frozen=True, slots=True)
class Line:
    """One product in its place. product: None when it was deleted since; reasons: points and words."""

    product_id: int
    product: Details | None
    score: str
    reasons: tuple[tuple[str, str], ...]


def lines_of(shelf: Shelf) -> list[Line]:
    return [
        Line(placed.product.id, placed.product, points(placed.score), _worded(placed.reasons))
        for placed in shelf.placed
    ]


def stored_lines(picks: Iterable[Pick], known: Mapping[int, Details]) -> list[Line]:
    """Return the picks of a stored list. known: the products' fields, as far as they still exist."""
    return [
        Line(pick.product_id, known.get(pick.product_id), points(pick.score), _worded(pick.reasons))
        for pick in picks
    ]


def points(thousandths: int) -> str:
    """Return points with as many decimals as they have: 16, 2.5."""
    return f"{thousandths / 1000:.3f}".rstrip("0").rstrip(".")


def _worded(reasons: Iterable[Reason]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (f"{reason.points / 1000:+.3f}".rstrip("0").rstrip("."), _words(reason)) for reason in reasons
    )


def _words(reason: Reason) -> str:
    if reason.kind is ReasonKind.POPULAR:
        return f"popular: {int(reason.value):,} interaction{'' if reason.value == 1 else 's'}"
    if reason.kind is ReasonKind.TRENDING:
        return f"trending: {int(reason.value):,} recent interaction{'' if reason.value == 1 else 's'}"
    if reason.kind is ReasonKind.REST:
        return f"everything else ({reason.value:,} not named)" if reason.value else "everything else"
    return f"{reason.kind.value} {reason.name or reason.value}"
