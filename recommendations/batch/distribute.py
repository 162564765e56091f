"""Cuts a run into shards and hands them to the workers, again where they were lost."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from recommendations.batch.runs import RunParameters, begin_run, end_run, mark_lost
from recommendations.errors import QueueUnavailable
from recommendations.models import GenerationRun, GenerationShard, RunState

logger = logging.getLogger(__name__)

A_SHARD = 1_000  # shoppers; at a hundred a second it takes ten seconds
# After how many minutes without a sign of life what is unfinished is sent again.
SILENT_MINUTES = (5, 15, 30, 45)

Send = Callable[[int, int], None]


@transaction.atomic
def plan(order: RunParameters, chunks: Iterable[list[int]], now: datetime) -> GenerationRun:
    """Return the row of a new run with its shards, one a chunk of sorted ids. Raises GenerationUnderWay."""
    run = begin_run(order, now)
    shards = [
        GenerationShard(run=run, number=number, first_id=ids[0], last_id=ids[-1], n_users=len(ids))
        for number, ids in enumerate(chunks, start=1)
    ]
    GenerationShard.objects.bulk_create(shards, batch_size=1_000)
    run.n_shards = len(shards)
    if not shards:
        run.state, run.ended_at = RunState.DONE, now
    run.save(update_fields=["n_shards", "state", "ended_at"])
    return run


def send_unfinished(run_id: int, send: Send) -> int:
    """Return how many of the run's shards were sent: all that are not done.

    One that is under way is done twice then, and counts once.
    """
    numbers = GenerationShard.objects.filter(run_id=run_id, done_at__isnull=True).order_by("number")
    sent = 0
    for number in numbers.values_list("number", flat=True):
        send(run_id, number)
        sent += 1
    return sent


def resend_silent_shards(send: Send, now: datetime) -> list[int]:
    """Return the runs whose unfinished shards were sent again, as a queue that lost them would never do them.

    To be called once a minute. Runs of which nothing has come for an hour are given up for lost.
    """
    mark_lost(now)
    running = GenerationRun.objects.filter(state=RunState.RUNNING, n_shards__gt=0).order_by("id")
    silent = [
        run_id
        for run_id, seen_at in running.values_list("id", "seen_at")
        if int((now - seen_at).total_seconds()) // 60 in SILENT_MINUTES
    ]
    for run_id in silent:
        logger.warning("Nothing has come of run %d for some minutes; its shards are sent again.", run_id)
        send_unfinished(run_id, send)
    return silent


@dataclass(frozen=True, slots=True)
class ShardDistributor:
    """send: hands a shard, by its run and number, to the workers"""

    send: Send
    now: Callable[[], datetime]

    def __call__(self, order: RunParameters, chunks: Iterable[list[int]]) -> GenerationRun:
        """Return the row of a run that the workers have begun. chunks: sorted ids, one a shard

        Raises GenerationUnderWay, and QueueUnavailable, with which the run has failed.
        """
        run = plan(order, chunks, self.now())
        try:
            send_unfinished(run.pk, self.send)
        except QueueUnavailable as error:
            end_run(run.pk, RunState.FAILED, self.now(), str(error))
            raise
        return run
