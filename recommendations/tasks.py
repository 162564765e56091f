"""What workers do: each task makes one call, as views and commands do."""

import logging
import subprocess
import sys
from typing import Any

from celery import shared_task
from django.conf import settings
from django.db import DatabaseError

from recommendations import wiring
from recommendations.errors import GenerationUnderWay

logger = logging.getLogger(__name__)
AN_HOUR = 60 * 60
# What may be better in a moment: a database that is restarted, a model's file that is being copied.
PASSING: dict[str, Any] = {
    "autoretry_for": (DatabaseError, OSError),
    "retry_backoff": 1,
    "retry_backoff_max": 20,
    "max_retries": 4,
}
# What takes longer than a message may be out is not given to anybody else: the next night does it again.
ONCE: dict[str, Any] = {"acks_late": False, "reject_on_worker_lost": False}


def _hours(n: int) -> dict[str, Any]:
    return {"soft_time_limit": n * AN_HOUR, "time_limit": n * AN_HOUR + 60}


@shared_task(name="recommendations.shard", **PASSING)
def shard(run_id: int, number: int) -> None:
    """Do one shard of a run."""
    wiring.shard_worker()(run_id, number)


@shared_task(name="recommendations.explanation", rate_limit=settings.EXPLANATION_RATE, **PASSING)
def explanation(digest: str) -> None:
    """Have a model write the text that an answer waits for."""
    wiring.explanation_writer()(digest)


@shared_task(name="recommendations.recover_runs")
def recover_runs() -> None:
    """See to the runs that stand still."""
    wiring.recover_runs()


@shared_task(name="recommendations.generate", **ONCE, **_hours(1))
def generate() -> None:
    """Have lists generated for everybody by all workers, with the strategy that answers by default."""
    try:
        run = wiring.distributed_run(wiring.model_ref(), started_by="beat")
    except GenerationUnderWay as error:
        logger.warning("%s", error)
    else:
        logger.info("Run %d has %d shards.", run.pk, run.n_shards)


@shared_task(name="recommendations.train_models", **ONCE, **_hours(8))
def train_models() -> None:
    """Train new models of all that is trained ahead, and keep the last three of each.

    Those that were measured on enough users, and propose something, are activated.
    In a process of its own: Celery's may start none, and the memory is given back when it ends.
    """
    subprocess.run(  # noqa: S603  our own command
        [
            *(sys.executable, str(settings.BASE_DIR / "manage.py"), "train_models"),
            *("--activate-if-measured", "--keep", "3"),
        ],
        check=True,
        cwd=settings.BASE_DIR,
        stdin=subprocess.DEVNULL,
    )


@shared_task(name="recommendations.remove_old_rows", **ONCE, **_hours(2))
def remove_old_rows() -> None:
    """Delete what is too old: events as EVENT_RETENTION_DAYS says, stored answers, runs, explanations."""
    logger.info("Removed: %s", wiring.remove_old_rows())
