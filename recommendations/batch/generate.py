"""Generate and store recommendation lists, one chunk of shoppers at a time. Each chunk is stored at once."""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from django.db import DatabaseError
from numpy.typing import NDArray

from recommendations.explainers.base import Explainer, Explanation
from recommendations.explaining.inline import evidence
from recommendations.models import StoredList
from recommendations.pipeline import Query
from recommendations.selectors.histories import Events
from recommendations.selectors.products import Details, details, labels
from recommendations.selectors.shoppers import history_versions, shoppers
from recommendations.serving.live import recommendation_list
from recommendations.serving.ranker import ProductLookup, Ranked, Ranker
from recommendations.serving.results import RecommendationList
from recommendations.serving.stored import picks_to_json
from recommendations.stores import replace_lists

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class GenerationOptions:
    """What to generate. explainer: None to store no explanations"""

    strategy: str
    digest: str
    top_n: int
    explainer: Explainer | None = None
    dry_run: bool = False


@dataclass(slots=True)
class Totals:
    """Counts of a generation.

    users:     shoppers whose lists were computed, and stored unless it was a dry run
    fallbacks: lists for which the strategy itself found nothing
    templates: explanations that the language model failed to write
    failed:    ids of the shoppers whose lists could not be stored
    """

    users: int = 0
    fallbacks: int = 0
    templates: int = 0
    failed: list[int] = field(default_factory=list)

    def add(self, other: "Totals") -> None:
        self.users += other.users
        self.fallbacks += other.fallbacks
        self.templates += other.templates
        self.failed += other.failed


@dataclass(frozen=True, slots=True)
class Generator:
    """Generates the lists of a chunk of shoppers. events: reads their events, given their history versions"""

    ranker: Ranker
    events: Callable[[NDArray[np.int64], Sequence[int]], Events]
    now: Callable[[], datetime]
    options: GenerationOptions

    def __call__(self, user_ids: list[int]) -> Totals:
        """Generate and store the lists of these shoppers; return the counts. user_ids: sorted

        A DatabaseError is logged, and the whole chunk counts as failed.
        """
        options = self.options
        try:
            lists = self.lists(user_ids)
            n_users = len(lists) if options.dry_run else replace_lists(lists)
        except DatabaseError:
            logger.exception("The lists of users %d to %d were not stored.", user_ids[0], user_ids[-1])
            return Totals(failed=user_ids)
        return Totals(
            users=n_users,
            fallbacks=n_fallbacks(lists),
            templates=sum(stored_list.explanation == "" for stored_list in lists) if options.explainer else 0,
        )

    def lists(self, user_ids: list[int]) -> list[StoredList]:
        """Return the unsaved lists of these shoppers. user_ids: sorted"""
        now, options = self.now(), self.options
        query = Query(options.top_n)
        # Before the events, so that a list never claims to know an event that it does not.
        known = history_versions(user_ids)
        users = [(user_id, known.get(user_id, 0)) for user_id in user_ids]
        events = self.events(np.array(user_ids, np.int64), [version for _, version in users])
        if options.explainer is None:
            ranked = self.ranker(events, query, products=ProductLookup(labels))
            return [
                _stored_list(user, result, options, now) for user, result in zip(users, ranked, strict=True)
            ]
        products: ProductLookup[Details] = ProductLookup(details)
        ranked = self.ranker(events, query, products=products)
        found_shoppers = shoppers(user_ids)
        found_lists = {
            user_id: recommendation_list(
                found_shoppers[user_id], result, products, options.strategy, basis=self.ranker.pipeline.basis
            )
            for user_id, result in zip(user_ids, ranked, strict=True)
            if user_id in found_shoppers
        }
        explanations = _explanations(found_lists, options.explainer)
        return [
            _stored_list(user, result, options, now, explanations.get(user[0]))
            for user, result in zip(users, ranked, strict=True)
        ]


def n_fallbacks(lists: list[StoredList]) -> int:
    """Return the number of lists for which the strategy itself found nothing."""
    return sum(stored_list.fallback != "" for stored_list in lists)


def _explanations(
    found_lists: dict[int, RecommendationList], explainer: Explainer
) -> dict[int, tuple[Explanation, str]]:
    """Return each list's explanation with the digest of its evidence, by user id.

    Runs up to `explainer.concurrency` calls at once. Lists without an explanation of the explainer's own are
    left out.
    """
    evidences = [evidence(found_list) for found_list in found_lists.values()]
    with ThreadPoolExecutor(max_workers=explainer.concurrency) as pool:
        texts = list(pool.map(explainer.explain, evidences))
    return {
        user_id: (text, given.digest(explainer.identity))
        for user_id, text, given in zip(found_lists, texts, evidences, strict=True)
        # The template fallback is not stored: a later request may get the model's text.
        if text.source == explainer.source
    }


def _stored_list(
    user: tuple[int, int],
    ranked: Ranked,
    options: GenerationOptions,
    now: datetime,
    explained: tuple[Explanation, str] | None = None,
) -> StoredList:
    """Return the unsaved list. user: their id and history version"""
    explanation, explanation_digest = explained or (None, "")
    user_id, history_version = user
    return StoredList(
        user_id=user_id,
        strategy=options.strategy,
        top_n=options.top_n,
        picks=picks_to_json(ranked.picks),
        fallback=ranked.fallback,
        summary=ranked.behaviour.summary,
        behaviour=ranked.behaviour.to_json(),
        explanation=explanation.text if explanation else "",
        explanation_source=explanation.source if explanation else "",
        explanation_digest=explanation_digest,
        event_count=ranked.event_count,
        history_version=history_version,
        digest=options.digest,
        generated_at=now,
    )
