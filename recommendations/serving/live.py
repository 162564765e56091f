"""Answers one shopper from the fitted pipeline and the shop as it is now."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.snapshot import Snapshot
from recommendations.explainers.behaviour import NO_HISTORY
from recommendations.pipeline import Pipeline, Query
from recommendations.selectors.facts import Facts
from recommendations.selectors.histories import Events, events
from recommendations.selectors.products import Details, details
from recommendations.selectors.shoppers import Shopper
from recommendations.serving.filters import NO_FILTERS
from recommendations.serving.ranker import ProductLookup, Ranked, Ranker, recommended_item
from recommendations.serving.results import LiveGrounds, ModelRef, RecommendationList, RecommendationRequest
from recommendations.strategies.base import Basis

# Products that were looked at: when many were gone at once, reading them all again costs more than it saves.
_MOST_GROUNDS = 250


@dataclass(frozen=True, slots=True)
class LiveRecommender:
    """pipeline: gives the fitted pipeline of the strategy that it is called with.

    events: gives those of users, sorted by id
    clock, read_at: the time now, and when the snapshot was read, seconds since 1970; without them shelves do
                    not say what they stand on
    """

    pipeline: Callable[[ModelRef], Pipeline]
    events: Callable[[NDArray[np.int64]], Events] = events
    clock: Callable[[], float] | None = None
    read_at: Callable[[], float] | None = None

    def __call__(self, ask: RecommendationRequest) -> RecommendationList:
        """Return the shelf, computed now. 3 queries; more only as `Ranker` says."""
        # Both before anything is read, and the age of the snapshot before the snapshot itself is taken.
        moments = (self.read_at(), self.clock()) if self.read_at and self.clock else None
        known = ProductLookup(details, ask.filters.fit)
        pipeline = self.pipeline(ask.chosen)
        query = Query(
            n=ask.offset + ask.top_n,
            diversity=ask.diversity,
            only=ask.filters.only(pipeline.snapshot),
            closed=ask.filters.closed(pipeline.snapshot),
        )
        (ranked,) = Ranker(pipeline, self.events)(np.array([ask.shopper.id], np.int64), query, known=known)
        grounds = _grounds(ask, ranked, known, pipeline.snapshot, moments) if moments else None
        return recommendation_list(
            ask.shopper,
            ranked,
            known,
            ask.chosen.strategy,
            basis=pipeline.basis,
            offset=ask.offset,
            grounds=grounds,
            is_narrowed=ask.filters != NO_FILTERS,
        )


def recommendation_list(
    shopper: Shopper,
    ranked: Ranked,
    known: ProductLookup[Details],
    strategy: str,
    *,
    basis: Basis | None,
    offset: int = 0,
    grounds: LiveGrounds | None = None,
    is_narrowed: bool = False,
) -> RecommendationList:
    """Return the ranked list from the offset on. basis: as in `RecommendationList`"""
    return RecommendationList(
        shopper=shopper,
        items=tuple(recommended_item(pick, known) for pick in ranked.picks[offset:]),
        summary=ranked.summary,
        strategy=strategy,
        fallback=ranked.fallback or None,
        has_history=ranked.summary != NO_HISTORY,
        basis=basis,
        grounds=grounds,
        is_narrowed=is_narrowed,
        is_continued=offset > 0,
    )


def _grounds(
    ask: RecommendationRequest,
    ranked: Ranked,
    known: ProductLookup[Details],
    snapshot: Snapshot,
    moments: tuple[float, float],
) -> LiveGrounds | None:
    """Return what the shelf stands on, None where that is too much. moments: as in LiveGrounds. No query."""
    asked = known.asked or [0]
    if len(asked) > _MOST_GROUNDS:
        return None
    shopper, events = ask.shopper, (ranked.event_count, ranked.last_event_id)
    read_at, made_at = moments
    return LiveGrounds(
        chosen=ask.chosen,
        user_id=shopper.id,
        products=asked,
        facts=Facts(shopper.id, shopper.name, events, known.found).digest(),
        is_plain=ask.is_plain,
        stamp=snapshot.stamp,
        read_at=read_at,
        made_at=made_at,
    )
