"""Generates lists ahead, a chunk of shoppers at a time; what is written stays, whatever comes next."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from django.db import DatabaseError

from recommendations.explainers.base import Explainer, Explanation
from recommendations.explaining.inline import evidence
from recommendations.models import StoredList
from recommendations.pipeline import Query
from recommendations.selectors.products import Details, details, labels
from recommendations.selectors.shoppers import shoppers
from recommendations.serving.live import recommendation_list
from recommendations.serving.ranker import ProductLookup, Ranked, Ranker
from recommendations.serving.results import RecommendationList
from recommendations.serving.stored_picks import picks_to_json
from recommendations.stores import replace_lists

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class GenerationOptions:
    """What to generate for whomever. explainer: None for no texts."""

    strategy: str
    digest: str
    top_n: int
    explainer: Explainer | None = None
    dry_run: bool = False


@dataclass(slots=True)
class Totals:
    """What came of it.

    fallbacks: lists of which the strategy found nothing; templates: texts that a model failed to write
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
    ranker: Ranker
    now: Callable[[], datetime]
    order: GenerationOptions

    def __call__(self, user_ids: list[int]) -> Totals:
        """Return what came of these shoppers, whose ids are sorted: their lists are stored.

        What the database refuses is logged and counted as failed.
        """
        order = self.order
        try:
            lists = self.lists(user_ids)
            stored = len(lists) if order.dry_run else replace_lists(lists)
        except DatabaseError:
            logger.exception("No lists for users %d to %d.", user_ids[0], user_ids[-1])
            return Totals(failed=user_ids)
        return Totals(
            users=stored,
            fallbacks=n_fallbacks(lists),
            templates=sum(made.explanation == "" for made in lists) if order.explainer else 0,
        )

    def lists(self, user_ids: list[int]) -> list[StoredList]:
        """Return what is to be stored of these shoppers, whose ids are sorted; nothing is stored yet."""
        now, order = self.now(), self.order
        ids, query = np.array(user_ids, np.int64), Query(order.top_n)
        if order.explainer is None:
            ranked = self.ranker(ids, query, products=ProductLookup(labels))
            return [
                _stored(user_id, found, order, now) for user_id, found in zip(user_ids, ranked, strict=True)
            ]
        known: ProductLookup[Details] = ProductLookup(details)
        ranked = self.ranker(ids, query, products=known)
        people = shoppers(user_ids)
        shelves = {
            user_id: recommendation_list(
                people[user_id], found, known, order.strategy, basis=self.ranker.pipeline.basis
            )
            for user_id, found in zip(user_ids, ranked, strict=True)
            if user_id in people
        }
        texts = _written(shelves, order.explainer)
        return [
            _stored(user_id, found, order, now, texts.get(user_id))
            for user_id, found in zip(user_ids, ranked, strict=True)
        ]


def n_fallbacks(lists: list[StoredList]) -> int:
    """Return how many of them the strategy itself found nothing for."""
    return sum(made.fallback != "" for made in lists)


def _written(
    shelves: dict[int, RecommendationList], explainer: Explainer
) -> dict[int, tuple[Explanation, str]]:
    """Return each shelf's text with the digest of its evidence, asking as many at once as may run."""
    grounds = [evidence(shelf) for shelf in shelves.values()]
    with ThreadPoolExecutor(max_workers=explainer.concurrency) as pool:
        texts = list(pool.map(explainer.explain, grounds))
    return {
        user_id: (text, given.digest(explainer.identity))
        for user_id, text, given in zip(shelves, texts, grounds, strict=True)
        # A template in place of a model's words is not kept: asking again may give the real ones.
        if text.source == explainer.source
    }


def _stored(
    user_id: int,
    ranked: Ranked,
    order: GenerationOptions,
    now: datetime,
    written: tuple[Explanation, str] | None = None,
) -> StoredList:
    explanation, explanation_digest = written or (None, "")
    return StoredList(
        user_id=user_id,
        strategy=order.strategy,
        top_n=order.top_n,
        picks=picks_to_json(ranked.picks),
        fallback=ranked.fallback,
        summary=ranked.summary,
        explanation=explanation.text if explanation else "",
        explanation_source=explanation.source if explanation else "",
        explanation_digest=explanation_digest,
        event_count=ranked.event_count,
        last_event_id=ranked.last_event_id,
        digest=order.digest,
        generated_at=now,
    )
