"""The placements of a shop besides each shopper's own list: one function a placement."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from recommendations.engine.actions import Action
from recommendations.engine.histories import dismissed
from recommendations.pipeline import Pipeline, nobody
from recommendations.selectors.histories import events, histories
from recommendations.serving.display import Page, PlacementList, placement_list, session_histories
from recommendations.serving.most_popular import PopularProduct, most_popular
from recommendations.serving.results import ModelRef
from recommendations.strategies.base import Retriever
from recommendations.strategies.content import ContentRetriever, ProfileLimits
from recommendations.strategies.replenishment import BuyAgain
from recommendations.strategies.similar import Similar
from recommendations.strategies.untrained import Untrained

_NONE = np.zeros(0, np.int64)
# All that one product is made of counts, not only what a taste would remember.
_WHOLE = ProfileLimits(top_categories=1, top_tags=50)


@dataclass(frozen=True, slots=True)
class Placements:
    """pipeline: gives the fitted pipeline of the strategy that it is called with; zone: whose days count.

    Each placement makes 2 queries for the products' fields, and more only as `Ranker.fresh` says.
    """

    pipeline: Callable[[ModelRef], Pipeline]
    zone: str

    def trending(self, chosen: ModelRef, page: Page) -> PlacementList:
        """Return what everybody meets lately, whoever asks."""
        pipeline = self.pipeline(chosen)
        past = session_histories(_NONE, Action.VIEW, pipeline)
        return placement_list("trending", pipeline, past, page, own=nobody, strategy=chosen.strategy)

    def popular(self, chosen: ModelRef, page: Page) -> list[PopularProduct]:
        """Return what has most interactions, whoever asks. chosen: any strategy; all share one snapshot."""
        pipeline = self.pipeline(chosen)
        return most_popular(pipeline.snapshot, session_histories(_NONE, Action.VIEW, pipeline), page)

    def session(self, chosen: ModelRef, product_ids: Sequence[int], page: Page) -> PlacementList:
        """Return what suits a visitor of whom nothing is known but these products, which are not shown.

        They count as put into the cart at this moment, so that they are one basket.

        product_ids: newest last
        """
        pipeline = self.pipeline(chosen)
        past = session_histories(np.array(product_ids[::-1], np.int64), Action.CART, pipeline)
        return placement_list("session", pipeline, past, page, strategy=chosen.strategy)

    def similar(
        self, content: ModelRef, behaviour: ModelRef | None, product_id: int, page: Page
    ) -> PlacementList:
        """Return what is like the product; nothing fills it up.

        behaviour: a strategy that learns from what users met, None where there is none; it is named only
        where its model could be asked, too
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
        return placement_list("similar", pipeline, past, page, strategy=named.strategy)

    def bought_together(self, chosen: ModelRef, product_id: int, page: Page) -> PlacementList:
        """Return what is bought along with the product; nothing where no model is active."""
        pipeline = replace(self.pipeline(chosen), fillers=())
        past = session_histories(np.array([product_id], np.int64), Action.PURCHASE, pipeline)
        return placement_list("bought-together", pipeline, past, page, strategy=chosen.strategy)

    def buy_again(self, chosen: ModelRef, user_id: int, page: Page) -> PlacementList:
        """Return what the user bought on two or more days, the most due first. 1 query more."""
        base = self.pipeline(chosen)
        pipeline = replace(base, retriever=BuyAgain(base.snapshot, self.zone), fillers=())
        past = histories(events(np.array([user_id], np.int64)), pipeline.snapshot)
        return placement_list("buy-again", pipeline, past, page, own=dismissed, strategy=None)


def _can_be_asked(learned: Pipeline, by_content: Pipeline) -> bool:
    """Return whether there is a model, and both speak of the same positions."""
    return learned.snapshot is by_content.snapshot and not isinstance(learned.retriever, Untrained)


def _whole(retriever: Retriever) -> Retriever:
    """Return what matches all that a product is made of, over the same posting lists."""
    return replace(retriever, taste=_WHOLE) if isinstance(retriever, ContentRetriever) else retriever
