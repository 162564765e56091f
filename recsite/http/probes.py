"""Concurrent health probes with a deadline, even if some of them hang."""

import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from threading import Lock, Semaphore, Thread

from django.db import connections

OK, FAILED, NO_ANSWER = "ok", "failed", "no answer"
Probe = Callable[[], None]
logger = logging.getLogger(__name__)


class Probes:
    """Runs each probe in a thread. Concurrent callers share a running probe.

    A hanging probe is abandoned after a while and started again, since the outage may be over. At most
    MOST_AT_ONCE threads exist at a time.

    probes:                 by name; a probe raises any exception if its check fails
    seconds:                the deadline of a call
    given_up_after_seconds: when a running probe is abandoned
    """

    MOST_AT_ONCE = 20

    def __init__(
        self, probes: Mapping[str, Probe], *, seconds: float, given_up_after_seconds: float = 5.0
    ) -> None:
        self._probes = probes
        self._seconds = seconds
        self._given_up_after_seconds = given_up_after_seconds
        self._free = Semaphore(self.MOST_AT_ONCE)
        self._running: dict[str, tuple[Future[str], float]] = {}
        self._logged: dict[str, str] = {}
        self._lock = Lock()

    def __call__(self) -> dict[str, str]:
        """Return OK, FAILED or NO_ANSWER by name, and log the outcomes that have changed."""
        deadline = time.monotonic() + self._seconds
        futures = {name: self._future(name) for name in self._probes}
        wait(futures.values(), deadline - time.monotonic())
        outcomes = {name: future.result() if future.done() else NO_ANSWER for name, future in futures.items()}
        self._log_changes(outcomes)
        return outcomes

    def _future(self, name: str) -> Future[str]:
        """Return the future of the running probe, or of a new one."""
        now = time.monotonic()
        with self._lock:
            future, began = self._running.get(name, (None, 0.0))
            is_over = future is None or future.done() or now - began >= self._given_up_after_seconds
            if is_over and self._free.acquire(blocking=False):
                future = Future()
                self._running[name] = future, now
                Thread(target=self._run, args=(name, future), name=f"probe-{name}", daemon=True).start()
            return future or Future()  # never done: no more threads may start

    def _run(self, name: str, future: Future[str]) -> None:
        try:
            self._probes[name]()
            outcome = OK
        # Any exception is a failed check, and callers wait for the outcome.
        except Exception as error:  # noqa: BLE001
            outcome = FAILED
            logger.info("The check of the %s failed: %s: %s", name, type(error).__name__, error)
        finally:
            connections.close_all()  # those of this thread, which ends
            self._free.release()
        future.set_result(outcome)

    def _log_changes(self, outcomes: Mapping[str, str]) -> None:
        with self._lock:
            changed = {name: new for name, new in outcomes.items() if self._logged.get(name, OK) != new}
            self._logged.update(outcomes)
        for name, outcome in changed.items():
            level = logging.INFO if outcome == OK else logging.ERROR
            state = "healthy again" if outcome == OK else f"not healthy: {outcome}"
            logger.log(level, "The %s is %s.", name, state)
