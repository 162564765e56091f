"""Live recommendations for one user."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommendations.explainers.behaviour import Behaviour
from recommendations.selectors.histories import Events
from recommendations.selectors.products import Details, digest_of
from recommendations.selectors.shoppers import Shopper
from recommendations.serving.filters import Filters, resolve_filters
from recommendations.serving.ranker import ProductLookup, Ranked, Ranker, recommended_item
from recommendations.serving.request import RecommendationRequest
from recommendations.serving.results import AnswerVersion, RecommendationList, SnapshotVersion
from recommendations.serving.state import ShopperState
from recommendations.strategies.base import Basis

# Above this number of products, validating an answer costs more than computing it again.
_MOST_PRODUCTS = 250


@dataclass(frozen=True, slots=True)
class LiveRecommender:
    """Recommends from the catalogue in memory and the user's events in the database.

    events: reads the events of users, given their history versions
    clock:  the time now, seconds since 1970; without it lists have no version
    """

    events: Callable[[NDArray[np.int64], Sequence[int]], Events]
    clock: Callable[[], float] | None = None

    def __call__(self, request: RecommendationRequest, state: ShopperState) -> RecommendationList:
        """Return the list, computed now. 1 query, and those of `resolve_filters`.

        1 more for products whose details are not in memory. Raises BadRequest for a filter that names what
        does not exist.
        """
        # Before anything is read, so that the answer never seems younger than it is.
        computed_at = self.clock() if self.clock else None
        shopper, model, catalogue = state.shopper, state.model, state.catalogue
        pipeline = state.pipeline(model)
        filters = resolve_filters(request, pipeline.snapshot)
        products = ProductLookup(catalogue.details, filters.match)
        query = filters.query(request, pipeline.snapshot)
        found = self.events(np.array([shopper.id], np.int64), [shopper.history_version])
        (ranked,) = Ranker(pipeline)(found, query, products=products)
        version = None
        looked_at = {**products.loaded, **catalogue.details.with_missing(filters.exclude)}
        if computed_at and len(looked_at) <= _MOST_PRODUCTS and _is_told(filters, looked_at):
            snapshot = pipeline.snapshot
            version = AnswerVersion(
                model=model,
                shopper=shopper,
                product_ids=sorted(looked_at),
                digest=digest_of(looked_at),
                uses_list=request.is_plain,
                snapshot=SnapshotVersion(
                    snapshot.stamp, snapshot.activity_stamp, catalogue.renewed_at, computed_at
                ),
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
            ignored=filters.ignored if request.names_products else None,
        )


def _is_told(filters: Filters, details: Mapping[int, Details | None]) -> bool:
    """Return whether a version tells when an excluded product ceases to exist, or an ignored one begins to.

    The details of one that is sold out are the same while it is inactive.
    """
    return not filters.ignored and all(
        product is not None and product.is_available for product in map(details.get, filters.exclude)
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
    ignored: tuple[str, ...] | None = None,
) -> RecommendationList:
    """Return the ranked products from the offset on, as a list. basis: as in `RecommendationList`"""
    return RecommendationList(
        shopper=shopper,
        items=tuple(recommended_item(pick, products) for pick in ranked.picks[offset:]),
        summary=ranked.behaviour.summary,
        behaviour=ranked.behaviour,
        strategy=strategy,
        fallback=ranked.fallback or None,
        has_history=ranked.behaviour != Behaviour(),
        basis=basis,
        version=version,
        is_narrowed=is_narrowed,
        is_continued=offset > 0,
        ignored=ignored,
    )
