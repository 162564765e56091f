"""Split a run into shards, send them to the workers, and resend shards that may be lost."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from recommendations.batch.runs import RunParameters, begin_run, end_run, mark_lost
from recommendations.errors import QueueUnavailable
from recommendations.models import GenerationRun, GenerationShard, RunState

logger = logging.getLogger(__name__)

SHARD_SIZE = 1_000  # shoppers per shard; ten seconds at a hundred shoppers a second
# Minutes without a heartbeat after which the unfinished shards are sent again.
SILENT_MINUTES = (5, 15, 30, 45)

Send = Callable[[int, int], None]


@transaction.atomic
def create_run(parameters: RunParameters, chunks: Iterable[list[int]], now: datetime) -> GenerationRun:
    """Create and return a run with one shard per chunk of sorted ids. Raises GenerationUnderWay."""
    run = begin_run(parameters, now)
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
    """Send all shards of the run that are not done; return their number.

    A shard that a worker is processing may then be processed twice, but counts once.
    """
    numbers = GenerationShard.objects.filter(run_id=run_id, done_at__isnull=True).order_by("number")
    sent = 0
    for number in numbers.values_list("number", flat=True):
        send(run_id, number)
        sent += 1
    return sent


def resend_silent_shards(send: Send, now: datetime) -> list[int]:
    """Send the unfinished shards of silent runs again; return the ids of these runs.

    Recovers shards that the queue has lost. Call it once a minute. Runs without a heartbeat for an hour are
    marked as lost.
    """
    mark_lost(now)
    running = GenerationRun.objects.filter(state=RunState.RUNNING, n_shards__gt=0).order_by("id")
    silent = [
        run_id
        for run_id, seen_at in running.values_list("id", "seen_at")
        if int((now - seen_at).total_seconds()) // 60 in SILENT_MINUTES
    ]
    for run_id in silent:
        logger.warning("Run %d has made no progress for some minutes; sending its shards again.", run_id)
        send_unfinished(run_id, send)
    return silent


@dataclass(frozen=True, slots=True)
class ShardDistributor:
    """Start runs on the workers. send: send a shard to the workers, by its run id and number"""

    send: Send
    now: Callable[[], datetime]

    def __call__(self, parameters: RunParameters, chunks: Iterable[list[int]]) -> GenerationRun:
        """Create a run, send its shards to the workers, and return it.

        chunks: sorted shopper ids, one list per shard
        Raises GenerationUnderWay, and QueueUnavailable after marking the run as failed.
        """
        run = create_run(parameters, chunks, self.now())
        try:
            send_unfinished(run.pk, self.send)
        except QueueUnavailable as error:
            end_run(run.pk, RunState.FAILED, self.now(), str(error))
            raise
        return run
