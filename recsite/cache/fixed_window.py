"""Counts how often something happened within a window of time, in this process."""

import time
from collections.abc import Callable
from threading import Lock
from typing import NamedTuple

MOST = 20_000  # some 5 MB
_ROOM = 10  # a tenth of them goes when all are open and one more comes


class Count(NamedTuple):
    """n: how often, this time included; seconds_left: until it is counted from 1 again"""

    n: int
    seconds_left: float


class FixedWindowCounter:
    """A window opens with what it counts first, and is counted exactly until it closes. Safe for threads.

    most: how many are kept; beyond, those are forgotten that are closed, then those that opened first
    """

    def __init__(self, most: int = MOST, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._lock = Lock()
        self._open: dict[str, list[float]] = {}  # key → how often, until when; in the order of opening

    def __len__(self) -> int:
        return len(self._open)

    def count(self, key: str, seconds: float) -> Count:
        """Return how often it happened under this key, now included. seconds: how long a window is open"""
        now = self._clock()
        with self._lock:
            window = self._open.get(key)
            if window is not None and now < window[1]:
                window[0] += 1
                return Count(int(window[0]), window[1] - now)
            if window is not None:
                del self._open[key]
            elif len(self._open) >= self._most:
                self._make_room(now)
            self._open[key] = [1, now + seconds]
        return Count(1, seconds)

    def _make_room(self, now: float) -> None:
        self._open = {key: window for key, window in self._open.items() if now < window[1]}
        beyond = len(self._open) - self._most + max(1, self._most // _ROOM)
        for key in list(self._open)[: max(0, beyond)]:
            del self._open[key]
