"""Celery tasks. Each makes one call, as views and commands do."""

import logging
import subprocess
import sys
from typing import Any

from celery import shared_task
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError

from catalog.search.pending import fold_all_pending
from recommendations import wiring
from recommendations.errors import GenerationUnderWay
from recommendations.explainers.chat_options import ChatUnavailable

logger = logging.getLogger(__name__)
HOUR_SECONDS = 60 * 60
# Retry what may succeed a moment later, such as while a database restarts or a model's file is copied.
RETRY_TRANSIENT: dict[str, Any] = {
    "autoretry_for": (DatabaseError, OSError),
    "retry_backoff": 1,
    "retry_backoff_max": 20,
    "max_retries": 4,
}
# A task that may outlast the broker's visibility timeout is acknowledged before it starts, so that it is not
# delivered twice. If its worker is lost, the schedule starts the task again the next night.
AT_MOST_ONCE: dict[str, Any] = {"acks_late": False, "reject_on_worker_lost": False}


def _hours(n: int) -> dict[str, Any]:
    return {"soft_time_limit": n * HOUR_SECONDS, "time_limit": n * HOUR_SECONDS + 60}


@shared_task(name="recommendations.shard", **RETRY_TRANSIENT)
def shard(run_id: int, number: int) -> None:
    """Generate and store the lists of one shard of a run."""
    wiring.shard_worker()(run_id, number)


@shared_task(name="recommendations.explanation", rate_limit=settings.EXPLANATION_RATE, **RETRY_TRANSIENT)
def explanation(digest: str) -> None:
    """Have a language model write the explanation with this digest."""
    wiring.explanation_writer()(digest)


@shared_task(name="recommendations.recover_runs")
def recover_runs() -> None:
    """Resend the shards of silent runs, and mark runs that stopped as lost."""
    wiring.recover_runs()


@shared_task(name="recommendations.generate", **AT_MOST_ONCE, **_hours(1))
def generate() -> None:
    """Start a run that generates lists for every shopper on all workers, with the default strategy."""
    try:
        run = wiring.distributed_run(wiring.model_ref(), started_by="beat")
    except GenerationUnderWay as error:
        logger.warning("%s", error)
    else:
        logger.info("Run %d has %d shards.", run.pk, run.n_shards)


@shared_task(name="recommendations.train_models", **AT_MOST_ONCE, **_hours(8))
def train_models() -> None:
    """Train a new model of each strategy that is trained ahead, and keep the last three versions of each.

    A model is activated if it was measured on enough users and recommends something. Training runs in a
    subprocess: Celery's processes may not start others, and the memory is freed when the subprocess ends.
    """
    subprocess.run(  # noqa: S603  a fixed command
        [
            *(sys.executable, str(settings.BASE_DIR / "manage.py"), "train_models"),
            *("--activate-if-measured", "--keep", "3"),
        ],
        check=True,
        cwd=settings.BASE_DIR,
        stdin=subprocess.DEVNULL,
    )


@shared_task(name="recommendations.check_language_model")
def check_language_model() -> None:
    """Ask the language model's server whether it has the configured models; store and log it."""
    try:
        wiring.check_language_model()
    except ChatUnavailable as error:
        logger.warning("The language model's server cannot be asked for its models: %s.", error)


@shared_task(name="recommendations.remove_old_rows", **AT_MOST_ONCE, **_hours(2))
def remove_old_rows() -> None:
    """Delete events older than EVENT_RETENTION_DAYS, and expired answers, runs and explanations."""
    logger.info("Removed: %s", wiring.remove_old_rows())


@shared_task(name="recommendations.index_products", **AT_MOST_ONCE, **_hours(2))
def index_products() -> None:
    """Fold the texts of products that were changed by SQL, so that search finds them by its index."""
    logger.info("Products folded: %d", fold_all_pending(DEFAULT_DB_ALIAS))
