"""Looks at several things at once, and says in time what became of it, whichever of them hangs."""

import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from threading import Lock, Semaphore, Thread

from django.db import connections

OK, FAILED, NO_ANSWER = "ok", "failed", "no answer"
Look = Callable[[], None]
logger = logging.getLogger(__name__)


class Probes:
    """Each look has a thread of its own. Callers share one that is under way.

    One that hangs is given up after a while, since what it hangs on may be well again, and a new one begun:
    MOST_AT_ONCE may hang at a time.

    looks: by name; each returns if all is well, and raises anything at all if not
    seconds: how long a caller waits in all
    given_up_after_seconds: when a look that is under way is not waited for any more
    """

    MOST_AT_ONCE = 20

    def __init__(
        self, looks: Mapping[str, Look], *, seconds: float, given_up_after_seconds: float = 5.0
    ) -> None:
        self._looks = looks
        self._seconds = seconds
        self._given_up_after_seconds = given_up_after_seconds
        self._free = Semaphore(self.MOST_AT_ONCE)
        self._under_way: dict[str, tuple[Future[str], float]] = {}
        self._told: dict[str, str] = {}
        self._changing = Lock()

    def __call__(self) -> dict[str, str]:
        """Return OK, FAILED or NO_ANSWER by name. Whatever changed since the last time is logged."""
        deadline = time.monotonic() + self._seconds
        futures = {name: self._begun(name) for name in self._looks}
        wait(futures.values(), deadline - time.monotonic())
        found = {name: future.result() if future.done() else NO_ANSWER for name, future in futures.items()}
        self._tell(found)
        return found

    def _begun(self, name: str) -> Future[str]:
        now = time.monotonic()
        with self._changing:
            future, began = self._under_way.get(name, (None, 0.0))
            is_over = future is None or future.done() or now - began >= self._given_up_after_seconds
            if is_over and self._free.acquire(blocking=False):
                future = Future()
                self._under_way[name] = future, now
                Thread(target=self._look, args=(name, future), name=f"probe-{name}", daemon=True).start()
            return future or Future()  # one that nobody fulfils, where nothing more may be begun

    def _look(self, name: str, future: Future[str]) -> None:
        try:
            self._looks[name]()
            outcome = OK
        # Whatever it was: what cannot be looked at is not well, and somebody waits for that answer.
        except Exception as error:  # noqa: BLE001
            outcome = FAILED
            logger.info("Looking at the %s failed: %s: %s", name, type(error).__name__, error)
        finally:
            connections.close_all()  # of this thread, which is not there the next time
            self._free.release()
        future.set_result(outcome)

    def _tell(self, found: Mapping[str, str]) -> None:
        with self._changing:
            changed = {name: what for name, what in found.items() if self._told.get(name, OK) != what}
            self._told.update(found)
        for name, what in changed.items():
            level = logging.INFO if what == OK else logging.ERROR
            logger.log(level, "The %s is %s.", name, "well again" if what == OK else f"not well: {what}")
