"""Answers from the stored list while it holds, and from what it wraps otherwise."""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from recommendations.explainers.base import Explanation, Source
from recommendations.explainers.behaviour import NO_HISTORY
from recommendations.pipeline import Pick
from recommendations.selectors.products import details
from recommendations.selectors.shoppers import StoredRow, stored_list
from recommendations.selectors.states import state
from recommendations.serving.ranker import ProductLookup, recommended_item, referenced_products
from recommendations.serving.results import (
    Grounds,
    LiveGrounds,
    ModelRef,
    RecommendationList,
    RecommendationRequest,
    Recommender,
    StoredExplanation,
)
from recommendations.serving.stored_picks import picks_from_json
from recommendations.strategies.base import Basis

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StoredLists:
    """inner: answers when nothing stored holds; digest: of the chosen strategy, its model and settings.

    basis:    what the chosen strategy looks at, None where it has no model
    grounded: whether shelves are to say what they stand on, for one query more
    """

    inner: Recommender
    digest: Callable[[ModelRef], str]
    basis: Callable[[ModelRef], Basis | None]
    max_age_seconds: float
    now: Callable[[], datetime]
    grounded: bool = False

    def __call__(self, ask: RecommendationRequest) -> RecommendationList:
        """Return the head of the stored list with the products' fields as they are now.

        3 queries, 4 when grounded; when the list does not hold, 1 or all of these before those of `inner`.
        """
        if not ask.is_plain:
            return self.inner(ask)
        found = stored_list(ask.shopper.id, ask.chosen.strategy)
        if found is not None and self._holds(found, ask):
            shelf = _recommendation_list(found, ask, self.basis(ask.chosen), grounded=self.grounded)
            if shelf is not None:
                return shelf
        return _noted(self.inner(ask), found)

    def is_young(self, generated_at: datetime) -> bool:
        """Return whether a list of that moment may still be served."""
        return timedelta(0) <= self.now() - generated_at < timedelta(seconds=self.max_age_seconds)

    def _holds(self, found: StoredRow, ask: RecommendationRequest) -> bool:
        """Return whether all but the products' availability is as it was when the list was made."""
        return (
            found.digest == self.digest(ask.chosen)
            and found.event_count == found.events_now
            and found.last_event_id == found.last_event_now
            and self.is_young(found.generated_at)
            and len(found.picks) >= ask.top_n
        )


def _noted(shelf: RecommendationList, found: StoredRow | None) -> RecommendationList:
    """Return the shelf with a note of the list that did not hold: one made later is to be looked at."""
    if found is None or not isinstance(shelf.grounds, LiveGrounds):
        return shelf
    return replace(shelf, grounds=replace(shelf.grounds, list_at=found.generated_at))


def _recommendation_list(
    found: StoredRow, ask: RecommendationRequest, basis: Basis | None, *, grounded: bool
) -> RecommendationList | None:
    """Return the head of the list, None when a product in it is gone or it is in disorder.

    2 queries, 3 when grounded.
    """
    try:
        picks = picks_from_json(found.picks)
    except (TypeError, ValueError) as error:
        logger.warning("The stored list of user %d is not served: %s", ask.shopper.id, error)
        return None
    wanted = referenced_products(picks)
    # Before the details: whatever changes between the two must not be taken for what was shown.
    grounds = _grounds(found, ask, sorted(wanted), picks) if grounded else None
    known = ProductLookup(details)
    known.ask(wanted)
    if any(known.is_gone(pick.product_id) for pick in picks):
        return None
    return RecommendationList(
        shopper=ask.shopper,
        items=tuple(recommended_item(pick, known) for pick in picks[: ask.top_n]),
        summary=found.summary,
        strategy=found.strategy,
        fallback=found.fallback or None,
        has_history=found.event_count > 0 and found.summary != NO_HISTORY,
        basis=basis,
        written=_written(found),
        grounds=grounds,
        is_stored=True,
    )


def _grounds(
    found: StoredRow, ask: RecommendationRequest, products: list[int], picks: list[Pick]
) -> Grounds | None:
    """Return what a shelf of these picks stands on, None when it has changed already. 1 query."""
    shown = [pick.product_id for pick in picks[: ask.top_n]]
    read = state(("pk", ask.shopper.id), ask.chosen.strategy, products, shown)
    if read is None or read[:6] != (
        ask.shopper.id,
        ask.shopper.name,
        found.digest,
        found.event_count,
        found.last_event_id,
        found.generated_at,
    ):
        return None
    if json.loads(read.events or "[0, 0]") != [found.events_now, found.last_event_now]:
        return None
    return Grounds(ask.chosen, products, shown, read)


def _written(found: StoredRow) -> StoredExplanation | None:
    if not found.explanation:
        return None
    return StoredExplanation(
        Explanation(found.explanation, Source(found.explanation_source)), found.explanation_digest
    )
