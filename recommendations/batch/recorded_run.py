"""Records a run that the command does itself: how far it is, that it lives, and how it ends."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import Event, Thread

from django.db import DatabaseError, connection

from recommendations.batch.generate import Totals
from recommendations.batch.runs import RunParameters, begin_run, end_run, record_heartbeat, record_progress
from recommendations.models import RunState

logger = logging.getLogger(__name__)
A_BEAT_SECONDS = 15.0
A_REPORT_SECONDS = 1.0


class Progress:
    """Counts in what is done, and writes it down once a second; totals: all so far."""

    def __init__(self, run_id: int, now: Callable[[], datetime]) -> None:
        self.run_id = run_id
        self.totals = Totals()
        self._now = now
        self._unwritten = Totals()
        self._written_at = time.monotonic()

    def add(self, part: Totals) -> None:
        self.totals.add(part)
        self._unwritten.add(part)
        if time.monotonic() - self._written_at >= A_REPORT_SECONDS:
            self.write()

    def write(self) -> None:
        """Write down what is done; a database that cannot now is told again with the next part."""
        try:
            record_progress(self.run_id, self._unwritten, self._now())
        except DatabaseError as error:
            logger.warning("The progress of run %d was not written down: %s", self.run_id, error)
        else:
            self._unwritten = Totals()
        self._written_at = time.monotonic()


@contextmanager
def recorded(order: RunParameters, now: Callable[[], datetime]) -> Iterator[Progress]:
    """Give what is to be told of each part; the run's row says how the block ended.

    Raises GenerationUnderWay, and then nothing was begun.
    """
    progress = Progress(begin_run(order, now()).pk, now)
    state, error = RunState.FAILED, ""
    try:
        with heartbeat(lambda: record_heartbeat(progress.run_id, now()), A_BEAT_SECONDS):
            yield progress
        failed = progress.totals.failed
        state, error = (RunState.FAILED, f"{len(failed)} users failed.") if failed else (RunState.DONE, "")
    except KeyboardInterrupt:
        state, error = RunState.INTERRUPTED, "Interrupted. What was written stays."
        raise
    except Exception as raised:
        error = f"{type(raised).__name__}: {raised}"
        raise
    finally:
        progress.write()
        end_run(progress.run_id, state, now(), error)


@contextmanager
def heartbeat(sign: Callable[[], None], every_seconds: float) -> Iterator[None]:
    """Give a sign of life every so often, from a thread of its own, until the block is left."""
    left = Event()
    thread = Thread(target=_beat, args=(sign, every_seconds, left), name="signs-of-life", daemon=True)
    thread.start()
    try:
        yield
    finally:
        left.set()
        thread.join()


def _beat(sign: Callable[[], None], every_seconds: float, left: Event) -> None:
    try:
        while not left.wait(every_seconds):
            try:
                sign()
            except DatabaseError as error:
                logger.warning("A sign of life was not written down: %s", error)
    finally:
        connection.close()  # this thread's own
