"""What answers shoppers: live, from stored lists, from what is kept; and the words for it."""

import time
from datetime import timedelta
from functools import cache

from django.conf import settings
from django.utils import timezone

from core.api.conditional import etag
from core.api.renderers import to_json
from recommendations.caching.answers import Fresh
from recommendations.caching.explanations import Remembered
from recommendations.caching.histories import Pasts
from recommendations.caching.responses import Granting, Ready
from recommendations.caching.shared_responses import Alone, Shared
from recommendations.caching.versions import Holding, Recency
from recommendations.explainers.base import Source
from recommendations.explainers.template import TemplateExplainer
from recommendations.explaining.deferred import Later
from recommendations.explaining.inline import Inline, Wording
from recommendations.explaining.worker import Write
from recommendations.selectors.facts import facts
from recommendations.selectors.histories import events, version
from recommendations.selectors.shoppers import is_shopper
from recommendations.selectors.states import state
from recommendations.serving.live import Live
from recommendations.serving.placements import Placements
from recommendations.serving.results import Chosen, Recommend
from recommendations.serving.stored import Precomputed
from recommendations.wiring import catalogue
from recommendations.wiring.configured import (
    chosen,
    config,
    digest,
    explainer,
    is_trained,
    kept,
    lacks_model,
    queue,
    settled,
)

_BEHAVIOUR = "collaborative"
_PASTS_SHARE = 4  # histories may take one part in so many of the memory for answers


@cache
def ready() -> Ready:
    """Return what answers a wish as JSON, and keeps what it answered while that holds."""
    return Ready(_granting(), holding=_holding(), max_bytes=config().answer_cache_bytes)


def _granting() -> Granting:
    may_keep = config().answer_cache_bytes > 0
    grounded = recommender(grounded=may_keep)
    fresh = Fresh(grounded, wording(), to_json, etag, lacks_model)
    ttl_seconds = config().result_cache_seconds
    if not (may_keep and ttl_seconds and kept().is_shared):
        return Alone(fresh)
    made_by = "".join(
        [*(config().digest(name) for name in sorted(config().strategies)), explainer().identity]
    )
    return Shared(fresh, kept(), _holding(), made_by, ttl_seconds)


def recommender(*, grounded: bool = False) -> Precomputed:
    """Return what answers an ask: from the stored list while it holds, else live. Never writes words."""
    return Precomputed(
        inner=live_recommender(grounded=grounded),
        digest=digest,
        max_age_seconds=config().stored_list_max_age_seconds,
        now=timezone.now,
        grounded=grounded,
    )


def live_recommender(*, grounded: bool = False) -> Recommend:
    """Return what answers an ask from the shop as it is now, whatever was stored."""
    if grounded and config().result_cache_seconds:
        return Live(catalogue.pipeline, pasts(), time.time, catalogue.read_at)
    return Live(catalogue.pipeline, pasts())


def placements() -> Placements:
    """Return what answers the placements besides each shopper's own list."""
    return Placements(catalogue.pipeline, settings.TIME_ZONE)


def behaviour() -> Chosen | None:
    """Return the strategy `collaborative` with its active model, None where there is none. 1 query."""
    if _BEHAVIOUR not in config().strategies:
        return None
    found = chosen(_BEHAVIOUR)
    return found if found.version or not is_trained(_BEHAVIOUR) else None


@cache
def pasts() -> Pasts:
    """Return what reads the events of shoppers, and keeps long histories."""
    return Pasts(
        events,
        version=version,
        shared=kept() if kept().is_shared else None,
        max_bytes=config().answer_cache_bytes // _PASTS_SHARE,
    )


@cache
def wording() -> Wording:
    """Return what finds the words for a shelf: by workers where a model writes them and there are any."""
    made = explainer()
    if made.source is Source.TEMPLATE:
        return Inline(made)
    if settings.SYNC_EXPLANATIONS or not queue().is_there:
        ttl_seconds = settings.EXPLANATION_TTL_SECONDS
        return Remembered(made, TemplateExplainer(), kept(), ttl_seconds, is_shopper)
    return Later(made, TemplateExplainer(), _send_text, timezone.now)


def write() -> Write:
    """Return what writes the texts that answers wait for."""
    ttl = timedelta(seconds=settings.EXPLANATION_TTL_SECONDS)
    return Write(explainer(), settings.EXPLANATION_DAILY_BUDGET, ttl, timezone.now)


def _send_text(digest: str) -> None:
    queue().send("recommendations.explanation", digest)


def _holding() -> Holding:
    return Holding(
        state=state,
        facts=facts,
        settled=settled,
        is_young=recommender().is_young,
        recency=Recency(
            ttl_seconds=config().result_cache_seconds,
            max_age_seconds=config().snapshot_max_age_seconds,
            stamp=catalogue.stamp,
            clock=time.time,
        ),
    )


MADE_ONCE = (ready, pasts, wording)
