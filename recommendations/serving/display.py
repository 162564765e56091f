"""What a placement shows: products in their places, checked against the shop as it is now."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.actions import Action
from recommendations.engine.histories import Histories, seen
from recommendations.engine.ragged import Ragged
from recommendations.pipeline import Own, Pipeline, Query
from recommendations.selectors.histories import Events, histories
from recommendations.selectors.products import Details, details
from recommendations.serving.filters import NO_FILTERS, Filters
from recommendations.serving.payload import product
from recommendations.serving.ranker import ProductLookup, Ranker, recommended_item
from recommendations.serving.results import RecommendedItem


@dataclass(frozen=True, slots=True)
class Page:
    """What of a ranking is wanted, as `Ask` has it."""

    top_n: int
    offset: int = 0
    filters: Filters = NO_FILTERS
    diversity: float = 0.0


@dataclass(frozen=True, slots=True)
class PlacementList:
    """The answer, best first.

    strategy: the strategy from the settings that had a part in it, None where none had
    fallback: what filled it when the placement itself found nothing, else None
    """

    placement: str
    items: tuple[RecommendedItem, ...]
    strategy: str | None
    fallback: str | None

    def payload(self) -> dict[str, Any]:
        """Return the display as a plain dict, the shape that REST clients get."""
        return {
            "placement": self.placement,
            "recommended_products": [product(one) for one in self.items],
            "strategy": self.strategy,
            "fallback": self.fallback,
        }


def placement_list(
    placement: str, pipeline: Pipeline, past: Histories, page: Page, *, own: Own = seen, strategy: str | None
) -> PlacementList:
    """Return what the pipeline finds for one history. 2 queries; more only as `Ranker.fresh` says.

    own: which products of the history must not be shown
    """
    known: ProductLookup[Details] = ProductLookup(details, page.filters.fit)
    query = Query(
        n=page.offset + page.top_n,
        diversity=page.diversity,
        only=page.filters.only(pipeline.snapshot),
        closed=page.filters.closed(pipeline.snapshot),
        own=own,
    )
    (ranking,) = Ranker(pipeline).fresh(past, query, known)
    return PlacementList(
        placement=placement,
        items=tuple(recommended_item(pick, known) for pick in ranking.picks[page.offset :]),
        strategy=strategy,
        fallback=ranking.filled_by or None,
    )


def session_histories(product_ids: NDArray[np.int64], action: Action, pipeline: Pipeline) -> Histories:
    """Return the history of a visitor who did one thing with each product, all at the snapshot's moment.

    product_ids: newest first. No query; 2 when a product is younger than the snapshot.
    """
    n = len(product_ids)
    found = Events(
        product_ids=Ragged(np.array([0, n], np.int64), product_ids),
        actions=np.full(n, action, np.uint8),
        at=np.full(n, pipeline.snapshot.now),
        last_ids=np.zeros(1, np.int64),
    )
    return histories(found, pipeline.snapshot)
