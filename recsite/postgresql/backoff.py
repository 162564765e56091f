"""Says whether a connection is worth waiting for: while the server is away, one waits and others do not."""

import threading
import time
from collections.abc import Callable


class Backoff:
    """Lets everybody wait, and after somebody waited in vain only one in so many seconds.

    Without it those who ask while a server is away would stand in line, each behind the time-outs of all
    before. Safe for threads.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._next_try: float | None = None

    def is_worth_it(self) -> bool:
        """Whether the caller should try; who gets a yes has to say what became of it."""
        if self._next_try is None:
            return True
        with self._lock:
            now = self._clock()
            if self._next_try is not None and now < self._next_try:
                return False
            self._next_try = now + self._seconds
            return True

    def was_in_vain(self) -> None:
        """Have others not wait for some time."""
        with self._lock:
            self._next_try = self._clock() + self._seconds

    def was_rewarded(self) -> None:
        """Let everybody wait again."""
        if self._next_try is not None:
            with self._lock:
                self._next_try = None
