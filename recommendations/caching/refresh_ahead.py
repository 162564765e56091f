"""Cache of one value that is expensive to build, rebuilt by a background thread before it expires."""

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
    """Returns the latest value, never older than max_age_seconds.

    A background thread builds the next value at half that age, so a caller waits only for the first value,
    or if building takes longer than the other half. If building fails, the thread logs the error and tries
    again. Without the thread, callers build the value.

    build: receives the previous value, None at first; returns the next one, which may be the same
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
        self._lock = threading.Lock()
        self._entry: tuple[T, float] | None = None
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._process = 0

    def __call__(self) -> T:
        """Return the value. Raises the errors of `build`."""
        if self._in_background:
            self._start()
        entry = self._entry
        if entry is None or self._clock() - entry[1] >= self._max_age_seconds:
            with self._lock:
                entry = self._entry
                if entry is None or self._clock() - entry[1] >= self._max_age_seconds:
                    entry = self._rebuild()
        return entry[0]

    def stop(self) -> None:
        """Stop the thread. The value stays."""
        self._stopped.set()

    def _rebuild(self) -> tuple[T, float]:
        began = self._clock()  # the value is at least as new as this
        entry = (self._build(self._entry[0] if self._entry else None), began)
        self._entry = entry
        return entry

    def _start(self) -> None:
        """Start the thread, once in each process: a forked child inherits the value but not the thread."""
        if self._process == os.getpid():
            return
        self._process = os.getpid()
        self._thread = threading.Thread(target=self._keep_fresh, name="refresh-ahead", daemon=True)
        self._thread.start()

    def _keep_fresh(self) -> None:
        while not self._stopped.wait(self._max_age_seconds / 2):
            try:
                with self._lock:
                    self._rebuild()
            # Any error: nothing restarts this thread, and without it callers would wait.
            except Exception:
                logger.exception("The catalogue snapshot could not be renewed; trying again.")
            finally:
                connections.close_all()  # those of this thread
