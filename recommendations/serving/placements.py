"""Placements other than the user's own list, one method each."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from catalog.selectors import ProductDetails, product_details
from recommendations.engine.actions import Action
from recommendations.engine.clock import needs_now
from recommendations.engine.histories import Histories, dismissed, seen
from recommendations.engine.snapshot import Snapshot
from recommendations.pipeline import HiddenPositions, Pipeline, Query, nothing
from recommendations.selectors.histories import events, histories
from recommendations.serving.placement_list import PlacementList, placement_list, session_history
from recommendations.serving.ranker import ProductLookup, Ranker
from recommendations.serving.request import RecommendationRequest, resolve_filters, resolve_products
from recommendations.serving.results import ModelRef
from recommendations.serving.state import ShopState
from recommendations.strategies.base import Retriever
from recommendations.strategies.content import ContentRetriever, ProfileLimits
from recommendations.strategies.popular import PopularRetriever
from recommendations.strategies.replenishment import BuyAgain
from recommendations.strategies.similar import Similar
from recommendations.strategies.untrained import Untrained

_NO_PRODUCTS = np.zeros(0, np.int64)
# Every category and tag of the product counts, not only as many as a user's profile would hold.
_ALL_FEATURES = ProfileLimits(top_categories=1, top_tags=50)


@dataclass(frozen=True, slots=True)
class PopularProduct:
    """A product as it is now, with its number of interactions in the snapshot."""

    product: ProductDetails
    n_interactions: int


@dataclass(frozen=True, slots=True)
class Placements:
    """Makes the lists of all placements other than the user's own list.

    state: the state of the shop; zone: the time zone in which days are counted

    Each placement makes the queries of `resolve_filters`, and 1 for products whose details are not in memory.
    Each raises BadRequest for a filter that names what does not exist.
    """

    state: ShopState
    zone: str

    def trending(self, request: RecommendationRequest, model: ModelRef) -> PlacementList:
        """Return the products with most recent interactions, the same for everybody."""
        pipeline = self.state.catalogue.pipelines(model)
        history = session_history(_NO_PRODUCTS, Action.VIEW, pipeline)
        return self._list("trending", request, pipeline, history, hidden=nothing, strategy=model.strategy)

    def popular(self, request: RecommendationRequest, model: ModelRef) -> list[PopularProduct]:
        """Return the products with most interactions, most first, then by id; only categories filter them.

        model: any model, since all share one snapshot

        2 more queries.
        """
        snapshot = self.state.catalogue.pipelines(model).snapshot
        filters = resolve_filters(request, snapshot)
        pipeline = Pipeline(snapshot, PopularRetriever(snapshot), ())
        products = ProductLookup(
            product_details,
            lambda product: filters.is_inside(product.category),
        )
        query = Query(n=request.offset + request.top_n, allowed=filters.allowed(snapshot), hidden=nothing)
        history = session_history(_NO_PRODUCTS, Action.VIEW, pipeline)
        (ranking,) = Ranker(pipeline).rank(history, query, products)
        return [
            PopularProduct(products.by_id[pick.product_id], int(pick.reasons[0].value))
            for pick in ranking.picks[request.offset :]
        ]

    def session(self, request: RecommendationRequest, model: ModelRef) -> PlacementList:
        """Return recommendations for a visitor who has seen the request's products. These are not shown.

        They count as put into the cart at the same moment, so they form one basket. Those that do not exist
        are ignored. 1 more query.
        """
        product_ids, ignored = resolve_products(
            request.product_ids, sees_inactive_products=request.sees_inactive_products
        )
        pipeline = self.state.catalogue.pipelines(model)
        history = session_history(np.array(product_ids[::-1], np.int64), Action.CART, pipeline)
        return self._list("session", request, pipeline, history, strategy=model.strategy, ignored=ignored)

    def similar(
        self,
        request: RecommendationRequest,
        content: ModelRef,
        behaviour: ModelRef | None,
        product_id: int,
    ) -> PlacementList:
        """Return products similar to this one, but none of its variants. The list is not filled up.

        content:   a model that compares categories and tags
        behaviour: a model that learns from interactions, None without one; the list names its strategy only
                   if it was used
        """
        by_content = self.state.catalogue.pipelines(content)
        learned = self.state.catalogue.pipelines(behaviour) if behaviour else None
        retriever, model = _with_all_features(by_content.retriever), content
        if behaviour and learned and not isinstance(learned.retriever, Untrained):
            retriever, model = Similar(retriever, learned.retriever, product_id), behaviour
        pipeline = replace(by_content, retriever=retriever, fillers=())
        history = session_history(np.array([product_id], np.int64), Action.PURCHASE, pipeline)
        variants = _variants(pipeline.snapshot, history)
        return self._list("similar", request, pipeline, history, excluded=variants, strategy=model.strategy)

    def bought_together(
        self, request: RecommendationRequest, model: ModelRef, product_id: int
    ) -> PlacementList:
        """Return products bought together with this one; an empty list if no model is active."""
        pipeline = replace(self.state.catalogue.pipelines(model), fillers=())
        history = session_history(np.array([product_id], np.int64), Action.PURCHASE, pipeline)
        return self._list("bought-together", request, pipeline, history, strategy=model.strategy)

    def buy_again(
        self, request: RecommendationRequest, model: ModelRef, user_id: int, now: int
    ) -> PlacementList:
        """Return what the user bought on two or more days, the most due first. 1 more query.

        now: the real time, in seconds since 1970
        """
        base = self.state.catalogue.pipelines(model)
        pipeline = replace(
            base, retriever=BuyAgain(base.snapshot, needs_now(base.snapshot.now, now), self.zone), fillers=()
        )
        history = histories(events(np.array([user_id], np.int64)), pipeline.snapshot)
        return self._list("buy-again", request, pipeline, history, hidden=dismissed, strategy=None)

    def _list(
        self,
        placement: str,
        request: RecommendationRequest,
        pipeline: Pipeline,
        history: Histories,
        *,
        hidden: HiddenPositions = seen,
        excluded: NDArray[np.int64] | None = None,
        strategy: str | None,
        ignored: tuple[str, ...] = (),
    ) -> PlacementList:
        details = self.state.catalogue.details
        return placement_list(
            placement,
            request,
            pipeline,
            history,
            details=details,
            hidden=hidden,
            excluded=excluded,
            strategy=strategy,
            ignored=ignored,
        )


def _variants(snapshot: Snapshot, history: Histories) -> NDArray[np.int64] | None:
    """Return the positions of all products that are of a group of the history's products; None for none."""
    positions = history.events.flat[history.events.flat < len(snapshot)]
    if snapshot.groups is None or not len(positions):
        return None
    codes = snapshot.groups.codes[positions]
    return np.flatnonzero(np.isin(snapshot.groups.codes, codes[codes >= 0]))


def _with_all_features(retriever: Retriever) -> Retriever:
    """Return a retriever that matches all categories and tags, over the same posting lists."""
    return replace(retriever, taste=_ALL_FEATURES) if isinstance(retriever, ContentRetriever) else retriever
