"""Builds the recommenders, their caches, the placements and the explanations."""

import time
from datetime import timedelta
from functools import cache

from django.conf import settings
from django.utils import timezone

from core.api.responses import etag, to_json
from recommendations.caching.catalogue import MAX_AGE_SECONDS
from recommendations.caching.explanations import ExplanationCache
from recommendations.caching.histories import HistoryCache
from recommendations.caching.responses import AnswerRenderer, AnswerSource, ResponseCache
from recommendations.caching.shared_responses import SharedResponseCache
from recommendations.caching.versions import FreshnessPolicy, Validator
from recommendations.explainers.base import Source
from recommendations.explainers.template import TemplateExplainer
from recommendations.explaining.deferred import DeferredExplanations
from recommendations.explaining.inline import ExplanationProvider, InlineExplanations
from recommendations.explaining.worker import ExplanationWriter
from recommendations.selectors.histories import events, newest_events
from recommendations.selectors.models import ActiveModels
from recommendations.selectors.shoppers import is_shopper
from recommendations.serving.live import LiveRecommender
from recommendations.serving.placements import Placements
from recommendations.serving.results import ModelRef
from recommendations.serving.state import Recommender, ShopState
from recommendations.serving.stored import StoredLists
from recommendations.wiring.configured import (
    config,
    explainer,
    queue,
    shared_cache,
)
from recommendations.wiring.state import (
    basis,
    digest,
    is_trained,
    lacks_model,
    resolve_model_ref,
    shopper_state,
)

_BEHAVIOUR = "collaborative"
_HISTORY_SHARE = 4  # histories may use a quarter of the memory for answers


@cache
def response_cache() -> ResponseCache:
    """Return the cache of responses, which answers all requests for a user's list."""
    return ResponseCache(
        _answer_source(),
        read=shopper_state,
        validator=_validator(),
        max_bytes=config().answer_cache_bytes,
    )


def _answer_source() -> AnswerSource:
    renderer = AnswerRenderer(recommender(), explanation_provider(), to_json, etag, lacks_model)
    ttl_seconds = config().result_cache_seconds
    if not (config().answer_cache_bytes and ttl_seconds and shared_cache().is_shared):
        return renderer
    digests = [config().digest(name) for name in sorted(config().strategies)]
    made_by = "".join([*digests, explainer().identity, settings.CURRENCY])
    return SharedResponseCache(renderer, shared_cache(), _validator(), made_by, ttl_seconds)


def recommender(*, stored: bool = True) -> Recommender:
    """Return the recommender. stored: whether it answers from the stored list while that is valid"""
    may_reuse = config().answer_cache_bytes and config().result_cache_seconds
    return LiveRecommender(
        history_cache(), time.time if may_reuse else None, _stored_lists() if stored else None
    )


def _stored_lists() -> StoredLists:
    return StoredLists(
        digest=digest,
        basis=basis,
        max_age_seconds=config().stored_list_max_age_seconds,
        now=timezone.now,
    )


def placements(state: ShopState) -> Placements:
    """Return the placements other than the user's own list."""
    return Placements(state, settings.TIME_ZONE)


def behaviour_model(active: ActiveModels) -> ModelRef | None:
    """Return the strategy `collaborative` with its active model, None without one."""
    if _BEHAVIOUR not in config().strategies:
        return None
    found = resolve_model_ref(_BEHAVIOUR, active)
    return found if found.version or not is_trained(_BEHAVIOUR) else None


@cache
def history_cache() -> HistoryCache:
    """Return the reader of users' events, which caches long histories."""
    return HistoryCache(
        events,
        newest_events,
        shared=shared_cache() if shared_cache().is_shared else None,
        max_bytes=config().answer_cache_bytes // _HISTORY_SHARE,
    )


@cache
def explanation_provider() -> ExplanationProvider:
    """Return the provider of explanations. Workers write those of a language model if there is a queue."""
    configured = explainer()
    if configured.source is Source.TEMPLATE:
        return InlineExplanations(configured)
    if settings.SYNC_EXPLANATIONS or not queue().is_there:
        ttl_seconds = settings.EXPLANATION_TTL_SECONDS
        return ExplanationCache(configured, TemplateExplainer(), shared_cache(), ttl_seconds, is_shopper)
    return DeferredExplanations(
        configured, TemplateExplainer(), _send_text, timezone.now, settings.EXPLANATION_ID_KEY
    )


def explanation_writer() -> ExplanationWriter:
    """Return the writer of deferred explanations."""
    ttl = timedelta(seconds=settings.EXPLANATION_TTL_SECONDS)
    return ExplanationWriter(
        explainer(), settings.EXPLANATION_DAILY_BUDGET, ttl, timezone.now, settings.EXPLANATION_ID_KEY
    )


def _send_text(digest: str) -> None:
    queue().send("recommendations.explanation", digest)


def _validator() -> Validator:
    freshness = FreshnessPolicy(config().result_cache_seconds, MAX_AGE_SECONDS, time.time)
    return Validator(_stored_lists().is_young, freshness)


SINGLETONS = (response_cache, history_cache, explanation_provider)
