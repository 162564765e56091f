"""Answers one shopper from the fitted pipeline and the shop as it is now."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from recommendations.pipeline import Pipeline
from recommendations.selectors.products import Details, details
from recommendations.selectors.shoppers import Shopper
from recommendations.services.ranker import Known, Ranked, Ranker
from recommendations.services.shelf import POPULAR, Ask, Placed, Shelf


@dataclass(frozen=True, slots=True)
class Live:
    """pipeline: gives the fitted pipeline of the strategy that it is called with."""

    pipeline: Callable[[str], Pipeline]

    def __call__(self, ask: Ask) -> Shelf:
        """Return the shelf, computed now. 3 queries; more only as `Ranker` says."""
        known: Known[Details] = Known(details)
        rank = Ranker(self.pipeline(ask.strategy))
        (ranked,) = rank(np.array([ask.shopper.id], np.int64), n=ask.top_n, known=known)
        return shelf_of(ask.shopper, ranked, known, ask.strategy)


def shelf_of(shopper: Shopper, ranked: Ranked, known: Known[Details], strategy: str) -> Shelf:
    """Return the ranked list with its products' fields."""
    return Shelf(
        shopper=shopper,
        placed=tuple(Placed(known.found[pick.product_id], pick.score, pick.reasons) for pick in ranked.picks),
        summary=ranked.summary,
        strategy=strategy,
        fallback=None if ranked.matched else POPULAR,
        has_history=ranked.event_count > 0,
    )
