"""Recommendations for one user: the stored list while it is valid, else a list computed now."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommendations.explainers.behaviour import Behaviour
from recommendations.selectors.histories import Events
from recommendations.selectors.products import Details
from recommendations.selectors.shoppers import Shopper, StoredRow
from recommendations.serving.ranker import ProductLookup, Ranked, Ranker, recommended_items
from recommendations.serving.request import Filters, RecommendationRequest, resolve_filters
from recommendations.serving.results import AnswerVersion, RecommendationList, SnapshotVersion, digest_of
from recommendations.serving.state import ShopperState
from recommendations.strategies.base import Basis

# Above this number of products, validating an answer costs more than computing it again.
_MOST_PRODUCTS = 250
# Returns a stored list as the answer to a request, None if it is not valid.
ReadStored = Callable[[StoredRow, RecommendationRequest, ShopperState], RecommendationList | None]


@dataclass(frozen=True, slots=True)
class LiveRecommender:
    """Recommends from the catalogue in memory and the user's events in the database.

    events: reads the events of users, given their history versions
    clock:  the time now, seconds since 1970; without it lists have no version
    stored: returns a stored list if it is valid; None to compute all lists
    """

    events: Callable[[NDArray[np.int64], Sequence[int]], Events]
    clock: Callable[[], float] | None = None
    stored: ReadStored | None = None

    def __call__(self, request: RecommendationRequest, state: ShopperState) -> RecommendationList:
        """Return the stored list that was read if it is valid, else a list computed now.

        No query for a stored list; 1 for a computed one, and those of `resolve_filters`. 1 more for products
        whose details are not in memory. Raises BadRequest for a filter that names what does not exist.
        """
        row = state.stored  # None unless the request is plain
        if row is not None and self.stored is not None:
            found = self.stored(row, request, state)
            if found is not None:
                return found
        # Before anything is read, so that the answer never seems younger than it is.
        computed_at = self.clock() if self.clock else None
        shopper, model, catalogue = state.shopper, state.model, state.catalogue
        pipeline = catalogue.pipelines(model)
        filters = resolve_filters(request, pipeline.snapshot)
        query = filters.query(request, pipeline.snapshot)
        products = ProductLookup(catalogue.details, filters.match if request.is_filtered else None)
        events = self.events(np.array([shopper.id], np.int64), [shopper.history_version])
        (ranked,) = Ranker(pipeline)(events, query, products=products)
        version = None
        if filters.exclude:
            products.load(filters.exclude)
        looked_at = products.loaded
        if computed_at and len(looked_at) <= _MOST_PRODUCTS and _is_told(filters, looked_at):
            snapshot = pipeline.snapshot
            version = AnswerVersion(
                model=model,
                shopper=shopper,
                product_ids=sorted(looked_at),
                digest=digest_of(looked_at),
                uses_list=request.is_plain,
                stored_list=row.identity
                if row
                else None,  # a list that is stored later answers in place of this one
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
        items=recommended_items(ranked.picks[offset:], products),
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
