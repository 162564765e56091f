"""Fixed-window counters in this process."""

import time
from collections.abc import Callable
from threading import Lock
from typing import NamedTuple

MAX_WINDOWS = 20_000  # about 5 MB
_EVICTED_FRACTION = 10  # a tenth is dropped if all are open and another key comes


class Count(NamedTuple):
    """The count of a window, including this call, and the seconds until the window closes."""

    n: int
    seconds_left: float


class FixedWindowCounter:
    """Counts calls by key, exactly, in windows that open with the first call of a key. Thread-safe.

    max_windows: above this number, closed windows are dropped, then the oldest ones
    """

    def __init__(self, max_windows: int = MAX_WINDOWS, clock: Callable[[], float] = time.monotonic) -> None:
        self._max_windows = max_windows
        self._clock = clock
        self._lock = Lock()
        self._open: dict[str, list[float]] = {}  # key → count, closing time; in the order of opening

    def __len__(self) -> int:
        return len(self._open)

    def count(self, key: str, seconds: float) -> Count:
        """Count a call under the key, and return the count. seconds: the length of the window"""
        now = self._clock()
        with self._lock:
            window = self._open.get(key)
            if window is not None and now < window[1]:
                window[0] += 1
                return Count(int(window[0]), window[1] - now)
            if window is not None:
                del self._open[key]
            elif len(self._open) >= self._max_windows:
                self._make_room(now)
            self._open[key] = [1, now + seconds]
        return Count(1, seconds)

    def _make_room(self, now: float) -> None:
        self._open = {key: window for key, window in self._open.items() if now < window[1]}
        n_evicted = len(self._open) - self._max_windows + max(1, self._max_windows // _EVICTED_FRACTION)
        for key in list(self._open)[: max(0, n_evicted)]:
            del self._open[key]
