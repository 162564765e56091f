"""Backoff after a failure: one caller per interval may try again, all others fail at once."""

import threading
import time
from collections.abc import Callable


class Backoff:
    """Allows every attempt, but after a failure only one in `seconds`, until one succeeds. Thread-safe.

    Without it, callers would queue during an outage, each behind the timeouts of all before it.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._next_try: float | None = None

    def may_try(self) -> bool:
        """Return whether to try. A caller that may must then call record_failure or record_success."""
        if self._next_try is None:
            return True
        with self._lock:
            now = self._clock()
            if self._next_try is not None and now < self._next_try:
                return False
            self._next_try = now + self._seconds
            return True

    def record_failure(self) -> None:
        """Start an interval in which no caller may try."""
        with self._lock:
            self._next_try = self._clock() + self._seconds

    def record_success(self) -> None:
        """Allow every attempt again."""
        if self._next_try is not None:
            with self._lock:
                self._next_try = None
