"""Answers one shopper from the fitted pipeline and the shop as it is now."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from recommendations.explainers.behaviour import NOBODY
from recommendations.pipeline import Pipeline, Query
from recommendations.selectors.products import Details, details
from recommendations.selectors.shoppers import Shopper
from recommendations.services.ranker import Known, Ranked, Ranker, placed
from recommendations.services.shelf import Ask, Chosen, Shelf


@dataclass(frozen=True, slots=True)
class Live:
    """pipeline: gives the fitted pipeline of the strategy that it is called with."""

    pipeline: Callable[[Chosen], Pipeline]

    def __call__(self, ask: Ask) -> Shelf:
        """Return the shelf, computed now. 3 queries; more only as `Ranker` says."""
        known = Known(details, ask.filters.fit)
        pipeline = self.pipeline(ask.chosen)
        query = Query(
            n=ask.offset + ask.top_n,
            diversity=ask.diversity,
            only=ask.filters.only(pipeline.snapshot),
            closed=ask.filters.closed(pipeline.snapshot),
        )
        (ranked,) = Ranker(pipeline)(np.array([ask.shopper.id], np.int64), query, known=known)
        return shelf_of(ask.shopper, ranked, known, ask.chosen.strategy, offset=ask.offset)


def shelf_of(
    shopper: Shopper, ranked: Ranked, known: Known[Details], strategy: str, *, offset: int = 0
) -> Shelf:
    """Return the ranked list, from the offset on, with its products' fields."""
    return Shelf(
        shopper=shopper,
        placed=tuple(placed(pick, known) for pick in ranked.picks[offset:]),
        summary=ranked.summary,
        strategy=strategy,
        fallback=ranked.fallback or None,
        has_history=ranked.summary != NOBODY,
    )
