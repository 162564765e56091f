"""Where settings become objects, and nowhere else. What a process keeps, `forget()` drops."""

import logging

from django.db import DatabaseError

from recommendations.wiring import answers, catalogue, configured, work
from recommendations.wiring.answers import (
    behaviour,
    live_recommender,
    pasts,
    placements,
    ready,
    recommender,
    wording,
    write,
)
from recommendations.wiring.catalogue import pipeline
from recommendations.wiring.configured import (
    chosen,
    config,
    digest,
    explainer,
    is_trained,
    lacks_model,
    model_store,
    opened,
    queue,
    recipes,
)
from recommendations.wiring.people import forget_the_gone, forget_user, kept_of
from recommendations.wiring.work import (
    distributed_run,
    do_shard,
    evaluator,
    generator,
    generator_apart,
    recorded_run,
    remove_old_rows,
    tend_runs,
    trainer,
)

__all__ = [
    "behaviour",
    "chosen",
    "config",
    "digest",
    "distributed_run",
    "do_shard",
    "evaluator",
    "explainer",
    "forget",
    "forget_the_gone",
    "forget_user",
    "generator",
    "generator_apart",
    "is_trained",
    "kept_of",
    "lacks_model",
    "live_recommender",
    "model_store",
    "opened",
    "pasts",
    "pipeline",
    "placements",
    "queue",
    "ready",
    "recipes",
    "recommender",
    "recorded_run",
    "remove_old_rows",
    "serve",
    "tend_runs",
    "trainer",
    "wording",
    "write",
]

logger = logging.getLogger(__name__)


def serve() -> None:
    """Build what the first request would wait for, and renew it in the background from now on.

    A server calls it once, as it starts. A database without tables is logged, and asked again at need.
    """
    catalogue.renew_in_background(forget_the_gone)
    explainer()  # before the threads: two made at once would each allow as many calls as one may
    ready()  # and each keep as much
    try:
        pipeline(chosen())
    except DatabaseError as error:
        logger.warning("The catalogue cannot be read yet: %s", error)


def forget() -> None:
    """Drop all that this process keeps, as if it had just started."""
    catalogue.forget()
    if not configured.kept().is_shared:
        configured.kept().clear()
    for made in (*answers.MADE_ONCE, *work.MADE_ONCE, *configured.MADE_ONCE):
        made.cache_clear()
