"""Live recommendations for many users at once."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommendations.selectors.histories import Events
from recommendations.selectors.products import Details
from recommendations.selectors.shoppers import Shopper
from recommendations.serving.live import recommendation_list
from recommendations.serving.ranker import ProductLookup, Ranker
from recommendations.serving.request import RecommendationRequest, resolve_filters
from recommendations.serving.results import ModelRef, RecommendationList
from recommendations.serving.state import ShopState

CHUNK = 100  # users ranked together


@dataclass(frozen=True, slots=True)
class ManyRecommender:
    """Recommends to many users as `LiveRecommender` does to one. events: as there"""

    events: Callable[[NDArray[np.int64], Sequence[int]], Events]

    def __call__(
        self, request: RecommendationRequest, shoppers: Sequence[Shopper], state: ShopState, model: ModelRef
    ) -> Iterator[RecommendationList]:
        """Yield the list of each shopper.

        request: names no user; shoppers: each once, in the order of their ids
        The queries of `resolve_filters`, and for each 100 users 1, and 1 for products whose details are not
        in memory. Memory holds the lists of 100 users. Raises BadRequest.
        """
        pipeline = state.catalogue.pipelines(model)
        filters = resolve_filters(request, pipeline.snapshot)
        query = filters.query(request, pipeline.snapshot)
        ranker = Ranker(pipeline)
        for start in range(0, len(shoppers), CHUNK):
            chunk = shoppers[start : start + CHUNK]
            products: ProductLookup[Details] = ProductLookup(
                state.catalogue.details, filters.match if request.is_filtered else None
            )
            ids = np.array([one.id for one in chunk], np.int64)
            found = self.events(ids, [one.history_version for one in chunk])
            for one, ranked in zip(chunk, ranker(found, query, products=products), strict=True):
                yield recommendation_list(
                    one,
                    ranked,
                    products,
                    model.strategy,
                    basis=pipeline.basis,
                    offset=request.offset,
                    is_narrowed=request.is_filtered,
                    ignored=filters.ignored if request.names_products else None,
                )
