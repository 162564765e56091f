"""Recommendations from stored lists, as long as they are valid."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from recommendations.engine.reasons import Reason, ReasonKind
from recommendations.explainers.base import Explanation, Source
from recommendations.explainers.behaviour import NO_HISTORY, Behaviour
from recommendations.pipeline import Pick
from recommendations.selectors.shoppers import StoredRow
from recommendations.serving.ranker import ProductLookup, recommended_items, referenced_products
from recommendations.serving.request import RecommendationRequest
from recommendations.serving.results import (
    AnswerVersion,
    ModelRef,
    RecommendationList,
    StoredExplanation,
    digest_of,
)
from recommendations.serving.state import ShopperState
from recommendations.strategies.base import Basis

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StoredLists:
    """Answers requests from the user's stored list while it is valid.

    digest: of a model and the settings of its strategy
    basis:  what a model looks at, None where the strategy has no model
    """

    digest: Callable[[ModelRef], str]
    basis: Callable[[ModelRef], Basis | None]
    max_age_seconds: float
    now: Callable[[], datetime]

    def __call__(
        self, row: StoredRow, request: RecommendationRequest, state: ShopperState
    ) -> RecommendationList | None:
        """Return the head of the stored list, with the products' fields as they are now; None if not valid.

        No query; 1 for products whose details are not in memory.
        """
        return self._list(row, request, state) if self._may_be_valid(row, state) else None

    def is_young(self, generated_at: datetime) -> bool:
        """Return whether a list of that moment may still be served."""
        return timedelta(0) <= self.now() - generated_at < timedelta(seconds=self.max_age_seconds)

    def _may_be_valid(self, row: StoredRow, state: ShopperState) -> bool:
        """Return whether all but the products is as it was when the list was made."""
        return (
            row.digest == self.digest(state.model)
            and row.history_version == state.shopper.history_version
            and self.is_young(row.generated_at)
        )

    def _list(
        self, row: StoredRow, request: RecommendationRequest, state: ShopperState
    ) -> RecommendationList | None:
        """Return the head of the list.

        None if it is too short or malformed, a product is unavailable, or two are of one group.
        """
        shopper, model = state.shopper, state.model
        try:
            picks = picks_from_json(orjson.loads(row.picks))
            behaviour = Behaviour.from_json(orjson.loads(row.behaviour))
        except (TypeError, ValueError) as error:
            logger.warning("The stored list of user %d is not served: %s", shopper.id, error)
            return None
        if len(picks) < request.top_n:
            return None
        products = ProductLookup(state.catalogue.details)
        products.load(referenced_products(picks))
        if any(products.is_unavailable(pick.product_id) for pick in picks):
            return None
        groups = [group for pick in picks if (group := products.by_id[pick.product_id].group)]
        if len(set(groups)) < len(groups):  # they were grouped since the list was made
            return None
        return RecommendationList(
            shopper=shopper,
            items=recommended_items(picks[: request.top_n], products),
            summary=row.summary,
            behaviour=behaviour,
            strategy=row.strategy,
            fallback=row.fallback or None,
            has_history=row.event_count > 0 and row.summary != NO_HISTORY,
            basis=self.basis(model),
            stored_explanation=_explanation(row),
            version=AnswerVersion(
                model=model,
                shopper=shopper,
                product_ids=sorted(products.loaded),
                digest=digest_of(products.loaded),
                uses_list=True,
                stored_list=row.identity,
                list_at=row.generated_at,
            ),
            is_stored=True,
        )


def _explanation(row: StoredRow) -> StoredExplanation | None:
    if not row.explanation:
        return None
    return StoredExplanation(
        Explanation(row.explanation, Source(row.explanation_source)), row.explanation_digest
    )


def picks_to_json(picks: Iterable[Pick]) -> list[Any]:
    """Return [product id, score, [[kind, value, points], …]] for each pick."""
    return [
        [pick.product_id, pick.score, [[reason.kind, reason.value, reason.points] for reason in pick.reasons]]
        for pick in picks
    ]


def picks_from_json(stored: Any) -> list[Pick]:
    """Return the picks of a stored list.

    Raises TypeError or ValueError if the JSON has another form, names an unknown kind of reason, or holds
    reasons whose points do not add up to the score.
    """
    return [
        Pick(
            int(product_id),
            int(score),
            tuple(Reason(ReasonKind(kind), value, points) for kind, value, points in reasons),
        )
        for product_id, score, reasons in stored
    ]
