"""Placements other than the user's own list, one method each."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from catalog.selectors import ProductPage, product_pages
from recommendations.engine.actions import Action
from recommendations.engine.histories import dismissed
from recommendations.pipeline import Pipeline, Query, nobody
from recommendations.selectors.histories import events, histories
from recommendations.serving.filters import resolve_filters, resolve_products
from recommendations.serving.placement_list import PlacementList, placement_list, session_histories
from recommendations.serving.ranker import ProductLookup, Ranker
from recommendations.serving.request import RecommendationRequest
from recommendations.serving.results import ModelRef
from recommendations.strategies.base import Retriever
from recommendations.strategies.content import ContentRetriever, ProfileLimits
from recommendations.strategies.popular import PopularRetriever
from recommendations.strategies.replenishment import BuyAgain
from recommendations.strategies.similar import Similar
from recommendations.strategies.untrained import Untrained

_NONE = np.zeros(0, np.int64)
# All that one product is made of counts, not only what a taste would remember.
_WHOLE = ProfileLimits(top_categories=1, top_tags=50)


@dataclass(frozen=True, slots=True)
class PopularProduct:
    """A product as it is now, with its number of interactions in the snapshot."""

    product: ProductPage
    n_interactions: int


@dataclass(frozen=True, slots=True)
class Placements:
    """The lists of all placements but the user's own.

    pipeline: returns the pipeline of a model; zone: the time zone in which days are counted

    Each placement makes 2 queries for the products' fields, those of `resolve_filters`, and more only as
    `Ranker.fresh` says. Each raises BadRequest for a filter that names what does not exist.
    """

    pipeline: Callable[[ModelRef], Pipeline]
    zone: str

    def trending(self, request: RecommendationRequest, model: ModelRef) -> PlacementList:
        """Return what everybody meets lately, whoever asks."""
        pipeline = self.pipeline(model)
        past = session_histories(_NONE, Action.VIEW, pipeline)
        return placement_list("trending", request, pipeline, past, own=nobody, strategy=model.strategy)

    def popular(self, request: RecommendationRequest, model: ModelRef) -> list[PopularProduct]:
        """Return the products with most interactions, most first, then by id; only categories filter them.

        model: any, since all share one snapshot. Raises BadRequest.
        """
        filters = resolve_filters(request)
        snapshot = self.pipeline(model).snapshot
        pipeline = Pipeline(snapshot, PopularRetriever(snapshot), ())
        products = ProductLookup(
            product_pages,
            lambda product: not filters.categories or product.category in filters.categories,
        )
        query = Query(n=request.offset + request.top_n, only=filters.only(snapshot), own=nobody)
        past = session_histories(_NONE, Action.VIEW, pipeline)
        (ranking,) = Ranker(pipeline).fresh(past, query, products)
        return [
            PopularProduct(products.found[pick.product_id], int(pick.reasons[0].value))
            for pick in ranking.picks[request.offset :]
        ]

    def session(self, request: RecommendationRequest, model: ModelRef) -> PlacementList:
        """Return what suits a visitor of whom only the request's products are known; these are not shown.

        They count as put into the cart at this moment, so that they are one basket. Raises BadRequest.
        """
        product_ids = resolve_products(
            "product_ids", request.product_ids, knows_inactive=request.knows_inactive
        )
        pipeline = self.pipeline(model)
        past = session_histories(np.array(product_ids[::-1], np.int64), Action.CART, pipeline)
        return placement_list("session", request, pipeline, past, strategy=model.strategy)

    def similar(
        self,
        request: RecommendationRequest,
        content: ModelRef,
        behaviour: ModelRef | None,
        product_id: int,
    ) -> PlacementList:
        """Return what is like the product; nothing fills the list up.

        behaviour: a strategy that learns from what users met, None where there is none; the list names it
        only if its model was asked, too
        """
        by_content = self.pipeline(content)
        learned = self.pipeline(behaviour) if behaviour else None
        if learned and learned.snapshot is not by_content.snapshot:
            # The catalogue was read anew between the two.
            by_content = self.pipeline(content)
        retriever, named = _whole(by_content.retriever), content
        if behaviour and learned and _can_be_asked(learned, by_content):
            retriever, named = Similar(retriever, learned.retriever, product_id), behaviour
        pipeline = replace(by_content, retriever=retriever, fillers=())
        past = session_histories(np.array([product_id], np.int64), Action.PURCHASE, pipeline)
        return placement_list("similar", request, pipeline, past, strategy=named.strategy)

    def bought_together(
        self, request: RecommendationRequest, model: ModelRef, product_id: int
    ) -> PlacementList:
        """Return what is bought along with the product; nothing where no model is active."""
        pipeline = replace(self.pipeline(model), fillers=())
        past = session_histories(np.array([product_id], np.int64), Action.PURCHASE, pipeline)
        return placement_list("bought-together", request, pipeline, past, strategy=model.strategy)

    def buy_again(self, request: RecommendationRequest, model: ModelRef, user_id: int) -> PlacementList:
        """Return what the user bought on two or more days, the most due first. 1 query more."""
        base = self.pipeline(model)
        pipeline = replace(base, retriever=BuyAgain(base.snapshot, self.zone), fillers=())
        past = histories(events(np.array([user_id], np.int64)), pipeline.snapshot)
        return placement_list("buy-again", request, pipeline, past, own=dismissed, strategy=None)


def _can_be_asked(learned: Pipeline, by_content: Pipeline) -> bool:
    """Return whether there is a model, and both speak of the same positions."""
    return learned.snapshot is by_content.snapshot and not isinstance(learned.retriever, Untrained)


def _whole(retriever: Retriever) -> Retriever:
    """Return what matches all that a product is made of, over the same posting lists."""
    return replace(retriever, taste=_WHOLE) if isinstance(retriever, ContentRetriever) else retriever
