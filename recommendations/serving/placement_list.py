"""The list of a placement, with the products' fields as they are now."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.actions import Action
from recommendations.engine.histories import Histories, seen
from recommendations.engine.ragged import Ragged
from recommendations.pipeline import HiddenPositions, Pipeline
from recommendations.selectors.histories import Events, histories
from recommendations.selectors.products import Details
from recommendations.serving.catalogue import DetailsCache
from recommendations.serving.ranker import ProductLookup, Ranker, recommended_items
from recommendations.serving.request import RecommendationRequest, resolve_filters
from recommendations.serving.results import RecommendedItem, products_shown
from recommendations.strategies.untrained import Untrained


@dataclass(frozen=True, slots=True)
class PlacementList:
    """The answer, best first.

    strategy: the configured strategy that took part in it, None if none did
    fallback: the filler that the list begins with if the placement itself found nothing, else None
    is_untrained: whether the placement's model is missing, so that it found nothing
    ignored:  references of the request to products that do not exist; None if it names no products
    """

    placement: str
    items: tuple[RecommendedItem, ...]
    strategy: str | None
    fallback: str | None
    is_untrained: bool = False
    ignored: tuple[str, ...] | None = None

    def payload(self, shown: Sequence[str] = ()) -> dict[str, Any]:
        """Return the list as a plain dict, the JSON that clients receive. shown: as in `products_shown`"""
        fields: dict[str, Any] = {
            "placement": self.placement,
            "recommended_products": products_shown(self.items, shown),
            "strategy": self.strategy,
            "fallback": self.fallback,
        }
        if self.is_untrained:
            fields["untrained"] = True
        return fields if self.ignored is None else {**fields, "ignored": self.ignored}


def placement_list(
    placement: str,
    request: RecommendationRequest,
    pipeline: Pipeline,
    history: Histories,
    *,
    details: DetailsCache,
    hidden: HiddenPositions = seen,
    excluded: NDArray[np.int64] | None = None,
    strategy: str | None,
    ignored: tuple[str, ...] = (),
) -> PlacementList:
    """Return the pipeline's list for one history.

    The queries of `resolve_filters`, and 1 for products whose details are not in memory. Raises BadRequest.

    hidden: which products of the history are not shown; excluded: positions of others that are not
    ignored: references to products of the history that do not exist
    """
    filters = resolve_filters(request, pipeline.snapshot)
    products: ProductLookup[Details] = ProductLookup(details, filters.match)
    query = filters.query(request, pipeline.snapshot, hidden=hidden)
    if excluded is not None:
        query = replace(query, excluded=np.concatenate([query.excluded, excluded]))
    (ranking,) = Ranker(pipeline).rank(history, query, products)
    return PlacementList(
        placement=placement,
        items=recommended_items(ranking.picks[request.offset :], products),
        strategy=strategy,
        fallback=ranking.filled_by or None,
        is_untrained=isinstance(pipeline.retriever, Untrained),
        ignored=tuple(dict.fromkeys([*ignored, *filters.ignored])) if request.names_products else None,
    )


def session_history(product_ids: NDArray[np.int64], action: Action, pipeline: Pipeline) -> Histories:
    """Return a history with one event for each product, all with this action and at the snapshot's time.

    product_ids: newest first. No query; 2 if a product is newer than the snapshot.
    """
    n = len(product_ids)
    found = Events(
        product_ids=Ragged(np.array([0, n], np.int64), product_ids),
        actions=np.full(n, action, np.uint8),
        at=np.full(n, pipeline.snapshot.now),
    )
    return histories(found, pipeline.snapshot)
