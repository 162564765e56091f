"""Live recommendations for one user."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommendations.explainers.behaviour import NO_HISTORY
from recommendations.pipeline import Pipeline
from recommendations.selectors.answer_versions import digest_of
from recommendations.selectors.histories import Events, events
from recommendations.selectors.products import Details, details
from recommendations.selectors.shoppers import Shopper
from recommendations.serving.filters import resolve_filters
from recommendations.serving.ranker import ProductLookup, Ranked, Ranker, recommended_item
from recommendations.serving.request import RecommendationRequest
from recommendations.serving.results import AnswerVersion, ModelRef, RecommendationList, SnapshotVersion
from recommendations.strategies.base import Basis

# Above this number of products, validating an answer costs more than computing it again.
_MOST_PRODUCTS = 250


@dataclass(frozen=True, slots=True)
class LiveRecommender:
    """Recommends from the catalogue in memory and the user's events in the database.

    pipeline: returns the pipeline of a model
    events:   reads the events of users, sorted by id
    clock, read_at: the time now, and when the snapshot was read, seconds since 1970; without them lists
              have no version
    """

    pipeline: Callable[[ModelRef], Pipeline]
    events: Callable[[NDArray[np.int64]], Events] = events
    clock: Callable[[], float] | None = None
    read_at: Callable[[], float] | None = None

    def __call__(
        self, request: RecommendationRequest, shopper: Shopper, model: ModelRef
    ) -> RecommendationList:
        """Return the list, computed now. 3 queries, those of `resolve_filters`, more only as `Ranker` says.

        Raises BadRequest for a filter that names what does not exist.
        """
        filters = resolve_filters(request)
        # Both times are taken before anything is read, and read_at before the snapshot it belongs to, so that
        # the answer never seems younger than it is.
        moments = (self.read_at(), self.clock()) if self.read_at and self.clock else None
        products = ProductLookup(details, filters.match)
        pipeline = self.pipeline(model)
        query = filters.query(request, pipeline.snapshot)
        (ranked,) = Ranker(pipeline, self.events)(np.array([shopper.id], np.int64), query, products=products)
        version = None
        product_ids = products.loaded_ids if moments else []
        if moments and len(product_ids) <= _MOST_PRODUCTS:
            events = (ranked.event_count, ranked.last_event_id)
            version = AnswerVersion(
                model=model,
                user_id=shopper.id,
                product_ids=product_ids or [0],
                digest=digest_of(shopper.id, shopper.name, events, products.by_id),
                uses_list=request.is_plain,
                snapshot=SnapshotVersion(pipeline.snapshot.stamp, *moments),
            )
        return recommendation_list(
            shopper,
            ranked,
            products,
            model.strategy,
            basis=pipeline.basis,
            offset=request.offset,
            version=version,
            is_narrowed=request.is_filtered,
        )


def recommendation_list(
    shopper: Shopper,
    ranked: Ranked,
    products: ProductLookup[Details],
    strategy: str,
    *,
    basis: Basis | None,
    offset: int = 0,
    version: AnswerVersion | None = None,
    is_narrowed: bool = False,
) -> RecommendationList:
    """Return the ranked products from the offset on, as a list. basis: as in `RecommendationList`"""
    return RecommendationList(
        shopper=shopper,
        items=tuple(recommended_item(pick, products) for pick in ranked.picks[offset:]),
        summary=ranked.summary,
        strategy=strategy,
        fallback=ranked.fallback or None,
        has_history=ranked.summary != NO_HISTORY,
        basis=basis,
        version=version,
        is_narrowed=is_narrowed,
        is_continued=offset > 0,
    )
