"""Keeps a value that is costly to build, and renews it behind the callers' backs."""

import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from django.db import connections

T = TypeVar("T")
logger = logging.getLogger(__name__)


class RefreshAheadCache(Generic[T]):
    """Gives the latest value, never older than max_age_seconds.

    A thread of its own builds the next value at half that age, so a caller waits only for the very first
    one, or when building takes longer than the other half. Where building fails, the thread logs that and
    tries again. Without the thread, callers build it.

    build: gets the former value, None at first; returns the next, possibly the same
    """

    def __init__(
        self,
        build: Callable[[T | None], T],
        *,
        max_age_seconds: float,
        in_background: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._build = build
        self._max_age_seconds = max_age_seconds
        self._in_background = in_background
        self._clock = clock
        self._building = threading.Lock()
        self._kept: tuple[T, float] | None = None
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._process = 0

    def __call__(self) -> T:
        """Return the value. Raises what building it raises."""
        if self._in_background:
            self._start()
        kept = self._kept
        if kept is None or self._clock() - kept[1] >= self._max_age_seconds:
            with self._building:
                kept = self._kept
                if kept is None or self._clock() - kept[1] >= self._max_age_seconds:
                    kept = self._renew()
        return kept[0]

    def stop(self) -> None:
        """End the thread; the value stays as it is."""
        self._stopped.set()

    def _renew(self) -> tuple[T, float]:
        began = self._clock()  # what is read is at least as young as this
        kept = (self._build(self._kept[0] if self._kept else None), began)
        self._kept = kept
        return kept

    def _start(self) -> None:
        """Start the thread, once a process: a forked child inherits the value, but not the thread."""
        if self._process == os.getpid():
            return
        self._process = os.getpid()
        self._thread = threading.Thread(target=self._keep_renewing, name="kept-renewal", daemon=True)
        self._thread.start()

    def _keep_renewing(self) -> None:
        while not self._stopped.wait(self._max_age_seconds / 2):
            try:
                with self._building:
                    self._renew()
            # Whatever it was: nobody would start this thread again, and from then on callers would wait.
            except Exception:
                logger.exception("The catalogue snapshot could not be renewed; trying again.")
            finally:
                connections.close_all()  # this thread's own
