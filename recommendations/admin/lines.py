"""Recommended products as the lines of a table that staff read."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from recommendations.engine.reasons import Reason, ReasonKind, exhaustive
from recommendations.explainers.base import Finding
from recommendations.pipeline import Pick
from recommendations.selectors.products import Details, Unavailable, unavailable
from recommendations.serving.results import RecommendationList


@dataclass(frozen=True, slots=True)
class Line:
    """One product in its place.

    product:     None when it was deleted since
    unavailable: why it may not be shown now, None when it may
    reasons:     points and words
    """

    product_id: int
    product: Details | None
    unavailable: Unavailable | None
    score: str
    reasons: tuple[tuple[str, str], ...]


def lines_of(shelf: RecommendationList) -> list[Line]:
    """Return the products of a list. No query, but 1 when one of them became unavailable meanwhile."""
    known = {placed.product.id: placed.product for placed in shelf.items}
    return _lines(((placed.product.id, placed.score, placed.reasons) for placed in shelf.items), known)


def stored_lines(picks: Iterable[Pick], known: Mapping[int, Details]) -> list[Line]:
    """Return the picks of a stored list. No query, but 1 when a product is not available.

    known: the products' fields, as far as they still exist
    """
    return _lines(((pick.product_id, pick.score, pick.reasons) for pick in picks), known)


def _lines(ranked: Iterable[tuple[int, int, Iterable[Reason]]], known: Mapping[int, Details]) -> list[Line]:
    missing = unavailable(product.id for product in known.values() if not product.is_available)
    return [
        Line(key, known.get(key), missing.get(key), points(score), format_reasons(reasons))
        for key, score, reasons in ranked
    ]


def points(thousandths: int) -> str:
    """Return points with as many decimals as they have: 16, 2.5."""
    return f"{thousandths / 1000:.3f}".rstrip("0").rstrip(".")


def format_reasons(reasons: Iterable[Reason]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (f"{reason.points / 1000:+.3f}".rstrip("0").rstrip("."), format_reason(reason)) for reason in reasons
    )


def format_reason(reason: Reason) -> str:
    return _FORMATS[reason.kind](reason)


def _named(reason: Reason) -> str:
    return f"{reason.kind.value} {reason.name or reason.value}"


def _counted(what: str) -> Callable[[Reason], str]:
    """Return what says how often. what: one of the things that are counted"""

    def words(reason: Reason) -> str:
        return f"{reason.kind.value}: {int(reason.value):,} {what}{'' if reason.value == 1 else 's'}"

    return words


def _times(what: str) -> Callable[[Reason], str]:
    """Return what says how many times something, given in thousandths."""
    return lambda reason: f"{reason.kind.value}: {points(int(reason.value))} times {what}"


def _rest(reason: Reason) -> str:
    return f"everything else ({reason.value:,} not named)" if reason.value else "everything else"


_FORMATS: Mapping[ReasonKind, Callable[[Reason], str]] = exhaustive(
    ReasonKind,
    {
        ReasonKind.CATEGORY: _named,
        ReasonKind.TAG: _named,
        ReasonKind.BECAUSE: _named,
        ReasonKind.SIMILAR: _named,
        ReasonKind.POPULAR: _counted("interaction"),
        ReasonKind.TRENDING: _counted("recent interaction"),
        ReasonKind.TOGETHER: _counted("basket"),
        ReasonKind.BOUGHT: _counted("day"),
        ReasonKind.LIFT: _times("as often as by chance"),
        ReasonKind.DUE: _times("the usual gap"),
        ReasonKind.REST: _rest,
    },
)

# What staff read of a list that something else filled up.
_WHY_FILLED = exhaustive(
    Finding,
    {
        Finding.FOUND: "",
        Finding.NO_MODEL: "the strategy has no trained model",
        Finding.NO_HISTORY: "nothing is known of the shopper yet",
        Finding.NOTHING_POPULAR: "nothing that the shopper does not know is popular",
        Finding.NOTHING_TRENDING: "nothing that the shopper does not know is trending",
        Finding.NO_FAVOURITES: "no other product matches the shopper's favourites",
        Finding.NOTHING_RELATED: "the strategy found no other product to go with what the shopper did",
    },
)


def fallback_words(shelf: RecommendationList) -> str:
    """Return what filled the list up, and why; "–" where the strategy itself found some of it."""
    return f"{shelf.fallback}: {_WHY_FILLED[shelf.finding]}" if shelf.fallback else "–"
