"""What answers shoppers: live, from stored lists, from what is kept; and the words for it."""

import time
from datetime import timedelta
from functools import cache

from django.conf import settings
from django.utils import timezone

from core.api.conditional import etag
from core.api.renderers import to_json
from recommendations.caching.answers import AnswerRenderer
from recommendations.caching.explanations import ExplanationCache
from recommendations.caching.histories import HistoryCache
from recommendations.caching.responses import Granting, ResponseCache
from recommendations.caching.shared_responses import Alone, SharedResponseCache
from recommendations.caching.versions import FreshnessPolicy, Validator
from recommendations.explainers.base import Source
from recommendations.explainers.template import TemplateExplainer
from recommendations.explaining.deferred import DeferredExplanations
from recommendations.explaining.inline import ExplanationProvider, InlineExplanations
from recommendations.explaining.worker import ExplanationWriter
from recommendations.selectors.facts import facts
from recommendations.selectors.histories import events, version
from recommendations.selectors.shoppers import is_shopper
from recommendations.selectors.states import state
from recommendations.serving.live import LiveRecommender
from recommendations.serving.placements import Placements
from recommendations.serving.results import ModelRef, Recommender
from recommendations.serving.stored import StoredLists
from recommendations.wiring import catalogue
from recommendations.wiring.configured import (
    basis,
    config,
    digest,
    explainer,
    is_trained,
    lacks_model,
    model_ref,
    queue,
    resolve_model_ref,
    shared_cache,
)

_BEHAVIOUR = "collaborative"
_PASTS_SHARE = 4  # histories may take one part in so many of the memory for answers


@cache
def response_cache() -> ResponseCache:
    """Return what answers a wish as JSON, and keeps what it answered while that holds."""
    return ResponseCache(_answer_source(), holding=_validator(), max_bytes=config().answer_cache_bytes)


def _answer_source() -> Granting:
    may_keep = config().answer_cache_bytes > 0
    grounded = recommender(grounded=may_keep)
    fresh = AnswerRenderer(grounded, explanation_provider(), to_json, etag, lacks_model)
    ttl_seconds = config().result_cache_seconds
    if not (may_keep and ttl_seconds and shared_cache().is_shared):
        return Alone(fresh)
    made_by = "".join(
        [*(config().digest(name) for name in sorted(config().strategies)), explainer().identity]
    )
    return SharedResponseCache(fresh, shared_cache(), _validator(), made_by, ttl_seconds)


def recommender(*, grounded: bool = False) -> StoredLists:
    """Return what answers an ask: from the stored list while it holds, else live. Never writes words."""
    return StoredLists(
        inner=live_recommender(grounded=grounded),
        digest=digest,
        basis=basis,
        max_age_seconds=config().stored_list_max_age_seconds,
        now=timezone.now,
        grounded=grounded,
    )


def live_recommender(*, grounded: bool = False) -> Recommender:
    """Return what answers an ask from the shop as it is now, whatever was stored."""
    if grounded and config().result_cache_seconds:
        return LiveRecommender(catalogue.pipeline, history_cache(), time.time, catalogue.read_at)
    return LiveRecommender(catalogue.pipeline, history_cache())


def placements() -> Placements:
    """Return what answers the placements besides each shopper's own list."""
    return Placements(catalogue.pipeline, settings.TIME_ZONE)


def behaviour() -> ModelRef | None:
    """Return the strategy `collaborative` with its active model, None where there is none. 1 query."""
    if _BEHAVIOUR not in config().strategies:
        return None
    found = model_ref(_BEHAVIOUR)
    return found if found.version or not is_trained(_BEHAVIOUR) else None


@cache
def history_cache() -> HistoryCache:
    """Return what reads the events of shoppers, and keeps long histories."""
    return HistoryCache(
        events,
        version=version,
        shared=shared_cache() if shared_cache().is_shared else None,
        max_bytes=config().answer_cache_bytes // _PASTS_SHARE,
    )


@cache
def explanation_provider() -> ExplanationProvider:
    """Return what finds the words for a shelf: by workers where a model writes them and there are any."""
    made = explainer()
    if made.source is Source.TEMPLATE:
        return InlineExplanations(made)
    if settings.SYNC_EXPLANATIONS or not queue().is_there:
        ttl_seconds = settings.EXPLANATION_TTL_SECONDS
        return ExplanationCache(made, TemplateExplainer(), shared_cache(), ttl_seconds, is_shopper)
    return DeferredExplanations(made, TemplateExplainer(), _send_text, timezone.now)


def explanation_writer() -> ExplanationWriter:
    """Return what writes the texts that answers wait for."""
    ttl = timedelta(seconds=settings.EXPLANATION_TTL_SECONDS)
    return ExplanationWriter(explainer(), settings.EXPLANATION_DAILY_BUDGET, ttl, timezone.now)


def _send_text(digest: str) -> None:
    queue().send("recommendations.explanation", digest)


def _validator() -> Validator:
    return Validator(
        state=state,
        facts=facts,
        settled=resolve_model_ref,
        is_young=recommender().is_young,
        recency=FreshnessPolicy(
            ttl_seconds=config().result_cache_seconds,
            max_age_seconds=config().snapshot_max_age_seconds,
            stamp=catalogue.stamp,
            clock=time.time,
        ),
    )


SINGLETONS = (response_cache, history_cache, explanation_provider)
