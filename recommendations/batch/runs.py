"""Create, update and delete the rows of generation runs."""

from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F, Q

from recommendations.batch.generate import Totals
from recommendations.errors import GenerationUnderWay
from recommendations.models import GenerationRun, RunState
from recommendations.models.generation_run import SILENCE_OF_A_COMMAND, SILENCE_OF_WORKERS

SILENT = "The run stopped sending heartbeats: its process was killed, or its machine went down."


@dataclass(frozen=True, slots=True)
class RunParameters:
    """The parameters of a run, by the names of the row's fields.

    n_total: the number of shoppers; is_whole: whether these are all shoppers
    """

    strategy: str
    version: str
    top_n: int
    n_total: int
    started_by: str
    is_whole: bool = True
    is_dry: bool = False
    explains: bool = False


def begin_run(parameters: RunParameters, now: datetime) -> GenerationRun:
    """Create a run and return it. Raises GenerationUnderWay while a whole run of the strategy is running.

    Two whole runs of a strategy would do the same work twice, but no harm: each list is replaced as a whole.
    Dry runs and runs for some shoppers only are always allowed.
    """
    mark_lost(now)
    row = GenerationRun(**asdict(parameters), started_at=now, seen_at=now)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        running = GenerationRun.objects.filter(
            strategy=parameters.strategy, state=RunState.RUNNING, is_whole=True, is_dry=False
        ).first()
        if running is None:
            raise
        raise GenerationUnderWay(
            parameters.strategy,
            run=running.pk,
            started_by=running.started_by,
            started_at=running.started_at,
            n_ready=running.n_ready,
            n_total=running.n_total,
        ) from None
    return row


def record_progress(run_id: int, part: Totals, now: datetime) -> None:
    """Add the counts of some shoppers to the run. 1 query."""
    GenerationRun.objects.filter(pk=run_id).update(
        n_done=F("n_done") + part.users,
        n_failed=F("n_failed") + len(part.failed),
        n_fallbacks=F("n_fallbacks") + part.fallbacks,
        seen_at=now,
    )


def record_heartbeat(run_id: int, now: datetime) -> None:
    """Record that the run is alive. 1 query."""
    GenerationRun.objects.filter(pk=run_id, state=RunState.RUNNING).update(seen_at=now)


def end_run(run_id: int, state: RunState, now: datetime, error: str = "") -> None:
    """Record how the run ended, even if it has been marked as lost before. 1 query."""
    GenerationRun.objects.filter(pk=run_id, state__in=(RunState.RUNNING, RunState.LOST)).update(
        state=state, error=error, ended_at=now, seen_at=now
    )


def mark_lost(now: datetime) -> int:
    """Mark runs without a recent heartbeat as lost; return their number. 1 query."""
    silent = Q(n_shards=0, seen_at__lt=now - SILENCE_OF_A_COMMAND) | Q(
        n_shards__gt=0, seen_at__lt=now - SILENCE_OF_WORKERS
    )
    return GenerationRun.objects.filter(silent, state=RunState.RUNNING).update(
        state=RunState.LOST, error=SILENT, ended_at=now
    )


def run(run_id: int) -> GenerationRun | None:
    """Return the run with this id, or None. 1 query."""
    return GenerationRun.objects.filter(pk=run_id).first()


def remove_old_runs(before: datetime) -> int:
    """Delete the runs that ended before this time, with their shards; return the number of runs."""
    deleted = GenerationRun.objects.filter(ended_at__lt=before).delete()[1]
    return deleted.get(GenerationRun._meta.label, 0)
