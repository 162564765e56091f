"""Single flight: one thread does a piece of work while the others that want it wait for the result."""

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from threading import Event, Lock


class SingleFlight:
    """Admits one thread for each key at a time.

    patience_seconds: how long the other threads wait at most; after that, each is admitted
    """

    def __init__(self, patience_seconds: float) -> None:
        self._patience_seconds = patience_seconds
        self._in_flight: dict[Hashable, Event] = {}
        self._lock = Lock()

    @contextmanager
    def __call__(self, key: Hashable) -> Iterator[bool]:
        """Yield False at once; if another thread is admitted with this key, wait for it and yield True."""
        mine = Event()
        with self._lock:
            first = self._in_flight.setdefault(key, mine)
        if first is not mine:
            first.wait(self._patience_seconds)
            yield True
            return
        try:
            yield False
        finally:
            with self._lock:
                del self._in_flight[key]
            mine.set()
