"""Recommended products as lines of a table in the admin."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from recommendations import wiring
from recommendations.engine.reasons import Reason, ReasonKind, exhaustive
from recommendations.explainers.base import Finding
from recommendations.pipeline import Pick
from recommendations.selectors.products import Details, Unavailable, unavailable
from recommendations.serving.results import RecommendationList


@dataclass(frozen=True, slots=True)
class Line:
    """One product of a list.

    product:     None if it has been deleted
    unavailable: why it may not be shown now; None if it may
    reasons:     pairs of points and text
    """

    product_id: int
    product: Details | None
    unavailable: Unavailable | None
    score: str
    reasons: tuple[tuple[str, str], ...]


def lines_of(found_list: RecommendationList) -> list[Line]:
    """Return the lines of a live list. No queries, or 1 if a product has become unavailable."""
    products = {item.product.id: item.product for item in found_list.items}
    return _lines(((item.product.id, item.score, item.reasons) for item in found_list.items), products)


def stored_lines(picks: Iterable[Pick], products: Mapping[int, Details]) -> list[Line]:
    """Return the lines of a stored list. No queries, or 1 if a product is unavailable.

    products: the existing products by id
    """
    return _lines(((pick.product_id, pick.score, pick.reasons) for pick in picks), products)


def _lines(
    ranked: Iterable[tuple[int, int, Iterable[Reason]]], products: Mapping[int, Details]
) -> list[Line]:
    unavailable_products = unavailable(
        product.id for product in products.values() if not product.is_available
    )
    return [
        Line(key, products.get(key), unavailable_products.get(key), points(score), format_reasons(reasons))
        for key, score, reasons in ranked
    ]


def points(thousandths: int) -> str:
    """Return thousandths as points without trailing zeros: 16, 2.5."""
    return f"{thousandths / 1000:.3f}".rstrip("0").rstrip(".")


def format_reasons(reasons: Iterable[Reason]) -> tuple[tuple[str, str], ...]:
    """Return the signed points and the text of each reason."""
    return tuple(
        (f"{reason.points / 1000:+.3f}".rstrip("0").rstrip("."), _FORMATS[reason.kind](reason))
        for reason in reasons
    )


def _named(reason: Reason) -> str:
    return f"{reason.kind.value} {reason.name or reason.value}"


def _counted(noun: str, *, repeats: bool = False) -> Callable[[Reason], str]:
    """Return a formatter of a count.

    noun:    what is counted, singular
    repeats: whether to say that a shopper's repeats count once, unless POPULARITY counts every interaction
    """

    def format_count(reason: Reason) -> str:
        text = f"{reason.kind.value}: {int(reason.value):,} {noun}{'' if reason.value == 1 else 's'}"
        once = repeats and not wiring.config().events.counts_repeats
        return f"{text}, a shopper's repeats counted once" if once else text

    return format_count


def _times(phrase: str) -> Callable[[Reason], str]:
    """Return a formatter of a factor in thousandths. phrase: what the factor multiplies"""
    return lambda reason: f"{reason.kind.value}: {points(int(reason.value))} times {phrase}"


def _rest(reason: Reason) -> str:
    return f"everything else ({reason.value:,} not named)" if reason.value else "everything else"


_FORMATS: Mapping[ReasonKind, Callable[[Reason], str]] = exhaustive(
    ReasonKind,
    {
        ReasonKind.CATEGORY: _named,
        ReasonKind.TAG: _named,
        ReasonKind.BECAUSE: _named,
        ReasonKind.SIMILAR: _named,
        ReasonKind.POPULAR: _counted("interaction", repeats=True),
        ReasonKind.TRENDING: _counted("recent interaction", repeats=True),
        ReasonKind.TOGETHER: _counted("basket"),
        ReasonKind.BOUGHT: _counted("day"),
        ReasonKind.LIFT: _times("as often as by chance"),
        ReasonKind.DUE: _times("the usual gap"),
        ReasonKind.REST: _rest,
    },
)

# Why a list contains a fallback's products only.
_FALLBACK_REASONS = exhaustive(
    Finding,
    {
        Finding.FOUND: "",
        Finding.NO_MODEL: "the strategy has no trained model",
        Finding.NO_HISTORY: "the shopper has no history yet",
        Finding.NOTHING_POPULAR: "no popular product is new to the shopper",
        Finding.NOTHING_TRENDING: "no trending product is new to the shopper",
        Finding.NO_FAVOURITES: "no other product matches the shopper's favourites",
        Finding.NOTHING_RELATED: "the strategy found no products related to the shopper's history",
    },
)


def format_fallback(found_list: RecommendationList) -> str:
    """Return the fallback and its reason; "–" if the strategy itself found products."""
    if not found_list.fallback:
        return "–"
    return f"{found_list.fallback}: {_FALLBACK_REASONS[found_list.finding]}"
