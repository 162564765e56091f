"""Delete rows that are older than their retention period."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from access.services.failed_logins import remove_failed_logins
from access.services.logins import remove_old_logins
from catalog.importing.named_imports import remove_old_parts
from catalog.services.idempotency import remove_old_answers
from catalog.services.retention import remove_changes, remove_events
from recommendations.batch.runs import mark_lost, remove_old_runs
from recommendations.explaining.worker import remove_old_texts

RUN_RETENTION = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Removed:
    """Numbers of deleted rows.

    changes:  of products, which every server has read
    answers:  stored answers to requests with an Idempotency-Key
    imports:  calls of imports that were not finished
    failures: rows of wrong passwords that no lockout counts any more
    logins:   logins by token, and sessions, that have expired
    """

    events: int
    answers: int
    imports: int
    runs: int
    texts: int
    changes: int
    failures: int
    logins: int

    def __str__(self) -> str:
        return ", ".join(f"{n:,} {name}" for name, n in asdict(self).items())


def remove_old_rows(*, event_days: int, now: datetime) -> Removed:
    """Delete old rows and return their numbers. event_days: the retention of events, 0 to keep all"""
    mark_lost(now)
    return Removed(
        events=remove_events(before=now - timedelta(days=event_days)) if event_days else 0,
        answers=remove_old_answers(now),
        imports=remove_old_parts(now),
        runs=remove_old_runs(now - RUN_RETENTION),
        texts=remove_old_texts(now),
        changes=remove_changes(now),
        failures=remove_failed_logins(now),
        logins=remove_old_logins(now),
    )
