"""The composition root: builds all objects from settings. `forget()` drops those that this process caches."""

import logging

from django.db import DEFAULT_DB_ALIAS, DatabaseError

from catalog.search import found
from catalog.triggers import missing_triggers
from recommendations.explainers.dialects import dialects
from recommendations.wiring import answers, catalogue, configured, state, work
from recommendations.wiring.answers import (
    behaviour_model,
    explanation_provider,
    explanation_writer,
    history_cache,
    placements,
    recommender,
    response_cache,
)
from recommendations.wiring.catalogue import pipeline
from recommendations.wiring.configured import (
    config,
    explainer,
    language_model,
    model_loader,
    model_store,
    queue,
    strategy_registry,
)
from recommendations.wiring.people import cached_about, forget_deleted_users, forget_user
from recommendations.wiring.state import (
    digest,
    is_trained,
    lacks_model,
    model_ref,
    resolve_model_ref,
    shop_state,
    shopper_state,
)
from recommendations.wiring.work import (
    check_language_model,
    distributed_run,
    evaluator,
    generator,
    generator_pool,
    recorded_run,
    recover_runs,
    remove_old_rows,
    shard_worker,
    trainer,
)

__all__ = [
    "behaviour_model",
    "cached_about",
    "check_language_model",
    "config",
    "digest",
    "distributed_run",
    "evaluator",
    "explainer",
    "explanation_provider",
    "explanation_writer",
    "forget",
    "forget_deleted_users",
    "forget_user",
    "generator",
    "generator_pool",
    "history_cache",
    "is_trained",
    "lacks_model",
    "language_model",
    "model_loader",
    "model_ref",
    "model_store",
    "pipeline",
    "placements",
    "queue",
    "recommender",
    "recorded_run",
    "recover_runs",
    "remove_old_rows",
    "resolve_model_ref",
    "response_cache",
    "shard_worker",
    "shop_state",
    "shopper_state",
    "strategy_registry",
    "trainer",
    "warm_up",
]

logger = logging.getLogger(__name__)


def warm_up() -> None:
    """Build what the first request would wait for, and start to renew it in the background.

    A server calls this once at startup. If the catalogue cannot be read, that is logged, and the first
    request tries again.
    """
    catalogue.renew_in_background(forget_deleted_users)
    # Before there are threads: two explainers made at once would allow twice as many calls, and two caches
    # would take twice the memory.
    explainer()
    response_cache()
    try:
        if tables := missing_triggers(DEFAULT_DB_ALIAS):
            logger.error("Changes of %s are not seen: run `manage.py migrate`.", ", ".join(tables))
        pipeline(model_ref())
    except DatabaseError as error:
        logger.warning("The catalogue cannot be read yet: %s", error)


def forget() -> None:
    """Drop everything that this process has built or cached, as if it had just started."""
    catalogue.forget()
    found.forget()
    dialects.forget()
    if not configured.shared_cache().is_shared:
        configured.shared_cache().clear()
    for cached in (*answers.SINGLETONS, *work.SINGLETONS, *state.SINGLETONS, *configured.SINGLETONS):
        cached.cache_clear()
