"""Record the progress, heartbeat and outcome of a run that a command executes itself."""

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
HEARTBEAT_SECONDS = 15.0
WRITE_SECONDS = 1.0


class Progress:
    """Counts what is done and writes it to the run's row once a second. totals: the counts so far"""

    def __init__(self, run_id: int, now: Callable[[], datetime]) -> None:
        self.run_id = run_id
        self.totals = Totals()
        self._now = now
        self._unwritten = Totals()
        self._written_at = time.monotonic()

    def add(self, part: Totals) -> None:
        self.totals.add(part)
        self._unwritten.add(part)
        if time.monotonic() - self._written_at >= WRITE_SECONDS:
            self.write()

    def write(self) -> None:
        """Write the new counts to the row. After a DatabaseError they are written with the next ones."""
        try:
            record_progress(self.run_id, self._unwritten, self._now())
        except DatabaseError as error:
            logger.warning("The progress of run %d was not recorded: %s", self.run_id, error)
        else:
            self._unwritten = Totals()
        self._written_at = time.monotonic()


@contextmanager
def record_run(parameters: RunParameters, now: Callable[[], datetime]) -> Iterator[Progress]:
    """Create a run, yield its Progress, and record how the block ended.

    Raises GenerationUnderWay before it creates anything.
    """
    progress = Progress(begin_run(parameters, now()).pk, now)
    state, error = RunState.FAILED, ""
    try:
        with heartbeat(lambda: record_heartbeat(progress.run_id, now()), HEARTBEAT_SECONDS):
            yield progress
        failed = progress.totals.failed
        state, error = (RunState.FAILED, f"{len(failed)} users failed.") if failed else (RunState.DONE, "")
    except KeyboardInterrupt:
        state, error = RunState.INTERRUPTED, "Interrupted. Lists stored so far are kept."
        raise
    except Exception as raised:
        error = f"{type(raised).__name__}: {raised}"
        raise
    finally:
        progress.write()
        end_run(progress.run_id, state, now(), error)


@contextmanager
def heartbeat(beat: Callable[[], None], every_seconds: float) -> Iterator[None]:
    """Call `beat` at this interval, in a thread of its own, until the block ends."""
    stopped = Event()
    thread = Thread(target=_beat, args=(beat, every_seconds, stopped), name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def _beat(beat: Callable[[], None], every_seconds: float, stopped: Event) -> None:
    try:
        while not stopped.wait(every_seconds):
            try:
                beat()
            except DatabaseError as error:
                logger.warning("A heartbeat was not recorded: %s", error)
    finally:
        connection.close()  # this thread's own connection
