"""Sliding-window counters in this process."""

import heapq
import time
from collections import deque
from collections.abc import Callable
from threading import Lock
from typing import NamedTuple

MAX_WINDOWS = 20_000  # about 5 MB, 30 MB if every caller sends without pause
BUCKETS = 20  # a window's calls are kept in this number of buckets, and one more that is leaving
_EVICTED_FRACTION = 10  # a tenth is dropped if all are open and another key comes


class Count(NamedTuple):
    """The result of a call.

    is_allowed:   whether the call is within the limit, and so was counted
    n:            the calls counted in the window that ends now
    seconds_left: until the first of them leave the window; if the call is not allowed, until one would be
    """

    is_allowed: bool
    n: int
    seconds_left: float


class _Window:
    """The calls of one key.

    buckets:   of each bucket the time of its last call and its number of calls, oldest first
    opened_at: the time of the first call in the newest bucket
    closes_at: when the newest bucket leaves the window
    """

    __slots__ = ("buckets", "closes_at", "n", "opened_at")

    def __init__(self) -> None:
        self.buckets: deque[list[float]] = deque()
        self.n = 0.0
        self.opened_at = self.closes_at = 0.0


class SlidingWindowCounter:
    """Counts calls by key, and refuses those over a limit. Thread-safe.

    No window of the given length contains more than `limit` allowed calls, wherever it begins. Calls that
    follow each other within a twentieth of the window share a bucket, and leave the window together, with the
    last of them. So a caller who sends without pause gets at least 20/21 of the limit. Refused calls do not
    count, so a caller who keeps sending gets the limit, too.

    max_windows: above this number, closed windows are dropped, then those that close first
    """

    def __init__(self, max_windows: int = MAX_WINDOWS, clock: Callable[[], float] = time.monotonic) -> None:
        self._max_windows = max_windows
        self._clock = clock
        self._lock = Lock()
        self._windows: dict[str, _Window] = {}

    def __len__(self) -> int:
        return len(self._windows)

    def count(self, key: str, limit: int, seconds: float) -> Count:
        """Count a call under the key if it is within the limit. seconds: the length of the window"""
        now = self._clock()
        left_at = now - seconds
        with self._lock:
            window = self._windows.get(key)
            if window is None:
                if len(self._windows) >= self._max_windows:
                    self._make_room(now)
                window = self._windows[key] = _Window()
            buckets = window.buckets
            while buckets and buckets[0][0] <= left_at:
                window.n -= buckets.popleft()[1]
            if window.n >= limit:
                return Count(False, int(window.n), self._wait(window, limit) - left_at)
            window.n += 1
            window.closes_at = now + seconds
            if buckets and now < window.opened_at + seconds / BUCKETS:
                buckets[-1][0] = now
                buckets[-1][1] += 1
            else:
                window.opened_at = now
                buckets.append([now, 1])
            return Count(True, int(window.n), buckets[0][0] - left_at)

    @staticmethod
    def _wait(window: _Window, limit: int) -> float:
        """Return the time of the last call that must leave before another one is within the limit."""
        n = window.n
        for last, n_calls in window.buckets:
            n -= n_calls
            if n < limit:
                return last
        raise AssertionError("The limit is at least 1.")

    def _make_room(self, now: float) -> None:
        self._windows = {key: window for key, window in self._windows.items() if now < window.closes_at}
        n_evicted = len(self._windows) - self._max_windows + max(1, self._max_windows // _EVICTED_FRACTION)
        by_closing = heapq.nsmallest(n_evicted, self._windows.items(), key=lambda entry: entry[1].closes_at)
        for key, _ in by_closing:
            del self._windows[key]
