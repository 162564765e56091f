"""Keeps the rows of runs: who generates what, how far it is, and how it ended."""

from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F, Q

from recommendations.batch.generate import Totals
from recommendations.errors import GenerationUnderWay
from recommendations.models import GenerationRun, RunState
from recommendations.models.generation_run import SILENCE_OF_A_COMMAND, SILENCE_OF_WORKERS

SILENT = "It stopped giving signs of life: its process was killed, or its machine went down."


@dataclass(frozen=True, slots=True)
class RunParameters:
    """What is to be run, by the names of the row's fields.

    n_total: how many shoppers; is_whole: whether these are all there are
    """

    strategy: str
    version: str
    top_n: int
    n_total: int
    started_by: str
    is_whole: bool = True
    is_dry: bool = False
    explains: bool = False


def begin_run(order: RunParameters, now: datetime) -> GenerationRun:
    """Return the row of a new run. Raises GenerationUnderWay while the strategy's lists are being generated.

    Two whole runs of a strategy would do no harm, as each list is replaced as a whole; they would do
    everything twice. Runs for some shoppers only, and dry runs, are always let through.
    """
    mark_lost(now)
    row = GenerationRun(**asdict(order), started_at=now, seen_at=now)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        under_way = GenerationRun.objects.filter(
            strategy=order.strategy, state=RunState.RUNNING, is_whole=True, is_dry=False
        ).first()
        if under_way is None:
            raise
        raise GenerationUnderWay(
            order.strategy,
            run=under_way.pk,
            started_by=under_way.started_by,
            started_at=under_way.started_at,
            n_ready=under_way.n_ready,
            n_total=under_way.n_total,
        ) from None
    return row


def record_progress(run_id: int, part: Totals, now: datetime) -> None:
    """Count in what came of some shoppers. 1 query."""
    GenerationRun.objects.filter(pk=run_id).update(
        n_done=F("n_done") + part.users,
        n_failed=F("n_failed") + len(part.failed),
        n_fallbacks=F("n_fallbacks") + part.fallbacks,
        seen_at=now,
    )


def record_heartbeat(run_id: int, now: datetime) -> None:
    """Note a sign of life. 1 query."""
    GenerationRun.objects.filter(pk=run_id, state=RunState.RUNNING).update(seen_at=now)


def end_run(run_id: int, state: RunState, now: datetime, error: str = "") -> None:
    """Note how the run ended; one that was given up for lost, and was not, says how it ended after all."""
    GenerationRun.objects.filter(pk=run_id, state__in=(RunState.RUNNING, RunState.LOST)).update(
        state=state, error=error, ended_at=now, seen_at=now
    )


def mark_lost(now: datetime) -> int:
    """Return how many runs, silent for too long, are now said to be lost. 1 query."""
    silent = Q(n_shards=0, seen_at__lt=now - SILENCE_OF_A_COMMAND) | Q(
        n_shards__gt=0, seen_at__lt=now - SILENCE_OF_WORKERS
    )
    return GenerationRun.objects.filter(silent, state=RunState.RUNNING).update(
        state=RunState.LOST, error=SILENT, ended_at=now
    )


def run(run_id: int) -> GenerationRun | None:
    """Return the run, None where there is none of that number. 1 query."""
    return GenerationRun.objects.filter(pk=run_id).first()


def remove_old_runs(before: datetime) -> int:
    """Return how many runs that ended before that moment are gone, and their shards with them."""
    gone = GenerationRun.objects.filter(ended_at__lt=before).delete()[1]
    return gone.get(GenerationRun._meta.label, 0)
