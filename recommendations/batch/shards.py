"""Does a shard: its lists are replaced and it is counted in one transaction, or it was done before."""

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

A_BLOCK = 500  # shoppers computed at once
MOST_STARTS = 5


@dataclass(frozen=True, slots=True)
class ShardWorker:
    """generate: gives what makes the lists of a run, by its number, its strategy and how many products"""

    generate: Callable[[int, ModelRef, int], Generator]
    now: Callable[[], datetime]

    def __call__(self, run_id: int, number: int) -> bool:
        """Return whether the shard was done here; else it was done before, or its run is over.

        What the database refuses is raised, and then nothing of the shard is stored. A shard that was begun
        five times and never ended, such as one that takes more memory than there is, counts as failed.
        """
        shard = GenerationShard.objects.select_related("run").filter(run_id=run_id, number=number).first()
        if shard is None or shard.done_at is not None or shard.run.state != RunState.RUNNING:
            return False
        GenerationShard.objects.filter(pk=shard.pk).update(n_starts=F("n_starts") + 1)
        if shard.n_starts >= MOST_STARTS:
            return self.give_up(shard, f"it was begun {MOST_STARTS} times and did not end")
        run = shard.run
        generate = self.generate(run.pk, ModelRef(run.strategy, run.version), run.top_n)
        lists: list[StoredList] = []
        ids = shopper_ids_between(shard.first_id, shard.last_id)
        for start in range(0, len(ids), A_BLOCK):
            lists += generate.lists(ids[start : start + A_BLOCK])
        with transaction.atomic():
            if not self._is_mine(shard):
                return False
            stored = replace_lists(lists)
            self._count(shard, Totals(users=stored, fallbacks=n_fallbacks(lists)))
        return True

    def give_up(self, shard: GenerationShard, problem: str) -> bool:
        """Return whether the shard, all of whose shoppers count as failed, had not been done meanwhile."""
        with transaction.atomic():
            if not self._is_mine(shard):
                return False
            logger.error("Users %d to %d get no lists: %s.", shard.first_id, shard.last_id, problem)
            GenerationRun.objects.filter(pk=shard.run_id).update(
                error=f"Users {shard.first_id} to {shard.last_id}: {problem}."
            )
            self._count(shard, Totals(failed=[shard.first_id] * shard.n_users))
        return True

    def _is_mine(self, shard: GenerationShard) -> bool:
        """Return whether it was still to be done; whoever does the same one meanwhile waits here."""
        still = GenerationShard.objects.filter(pk=shard.pk, done_at__isnull=True)
        return bool(still.update(done_at=self.now()))

    def _count(self, shard: GenerationShard, part: Totals) -> None:
        """Count the shard in, and end its run with the last one."""
        now, run = self.now(), GenerationRun.objects.filter(pk=shard.run_id)
        record_progress(shard.run_id, part, now)
        run.update(n_shards_done=F("n_shards_done") + 1)
        over = run.filter(state=RunState.RUNNING, n_shards_done=F("n_shards"))
        if over.filter(n_failed=0).update(state=RunState.DONE, ended_at=now):
            return
        over.update(state=RunState.FAILED, ended_at=now)
