"""Process one shard: replace its lists and count it in one transaction, exactly once."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F

from recommendations.batch.generate import Generator, Totals, n_fallbacks
from recommendations.batch.runs import record_progress
from recommendations.models import GenerationRun, GenerationShard, RunState, StoredList
from recommendations.selectors.shoppers import shopper_ids_between
from recommendations.serving.results import ModelRef
from recommendations.stores import replace_lists

logger = logging.getLogger(__name__)

BLOCK_SIZE = 500  # shoppers computed at once
MOST_STARTS = 5


@dataclass(frozen=True, slots=True)
class ShardWorker:
    """Processes shards. generate: make a run's Generator, from the run's id, its model and top_n"""

    generate: Callable[[int, ModelRef, int], Generator]
    now: Callable[[], datetime]

    def __call__(self, run_id: int, number: int) -> bool:
        """Generate and store the lists of the shard; return False if it was done before or its run has ended.

        Raises DatabaseError; nothing of the shard is stored then. A shard that was started five times without
        ending, for example because it needs too much memory, counts as failed.
        """
        shard = GenerationShard.objects.select_related("run").filter(run_id=run_id, number=number).first()
        if shard is None or shard.done_at is not None or shard.run.state != RunState.RUNNING:
            return False
        GenerationShard.objects.filter(pk=shard.pk).update(n_starts=F("n_starts") + 1)
        if shard.n_starts >= MOST_STARTS:
            return self.fail(shard, f"their shard was started {MOST_STARTS} times without ending")
        run = shard.run
        generate = self.generate(run.pk, ModelRef(run.strategy, run.version), run.top_n)
        lists: list[StoredList] = []
        ids = shopper_ids_between(shard.first_id, shard.last_id)
        for start in range(0, len(ids), BLOCK_SIZE):
            lists += generate.lists(ids[start : start + BLOCK_SIZE])
        with transaction.atomic():
            if not self._claim(shard):
                return False
            stored = replace_lists(lists)
            self._count(shard, Totals(users=stored, fallbacks=n_fallbacks(lists)))
        return True

    def fail(self, shard: GenerationShard, problem: str) -> bool:
        """Count all shoppers of the shard as failed; return False if it was done in the meantime."""
        with transaction.atomic():
            if not self._claim(shard):
                return False
            logger.error(
                "The lists of users %d to %d were not generated: %s.", shard.first_id, shard.last_id, problem
            )
            GenerationRun.objects.filter(pk=shard.run_id).update(
                error=f"Users {shard.first_id} to {shard.last_id}: {problem}."
            )
            self._count(shard, Totals(failed=[shard.first_id] * shard.n_users))
        return True

    def _claim(self, shard: GenerationShard) -> bool:
        """Mark the shard as done; return False if it was. Blocks while another worker commits the shard."""
        unfinished = GenerationShard.objects.filter(pk=shard.pk, done_at__isnull=True)
        return bool(unfinished.update(done_at=self.now()))

    def _count(self, shard: GenerationShard, part: Totals) -> None:
        """Add the shard to its run's counts; end the run with its last shard."""
        now, run = self.now(), GenerationRun.objects.filter(pk=shard.run_id)
        record_progress(shard.run_id, part, now)
        run.update(n_shards_done=F("n_shards_done") + 1)
        complete = run.filter(state=RunState.RUNNING, n_shards_done=F("n_shards"))
        if complete.filter(n_failed=0).update(state=RunState.DONE, ended_at=now):
            return
        complete.update(state=RunState.FAILED, ended_at=now)
