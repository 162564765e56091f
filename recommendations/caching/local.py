"""What caches of one process are made of: memory bounded in bytes, one thread that computes for all."""

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from threading import Event, Lock
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class LRUCache(Generic[K, V]):
    """Keeps the most recently used values. Thread-safe.

    max_bytes: of all values together; the least recently used are dropped first
    """

    def __init__(self, max_bytes: int) -> None:
        self._bytes_left = max_bytes
        self._values: OrderedDict[K, tuple[V, int]] = OrderedDict()  # with their sizes in bytes
        self._lock = Lock()

    def get(self, key: K) -> V | None:
        """Return the value, None if there is none."""
        with self._lock:
            found = self._values.get(key)
            if found is None:
                return None
            self._values.move_to_end(key)
            return found[0]

    def put(self, key: K, value: V, n_bytes: int) -> None:
        """Set the value of the key. A value larger than max_bytes is dropped at once, with all others."""
        with self._lock:
            self._remove(key)
            self._values[key] = value, n_bytes
            self._bytes_left -= n_bytes
            while self._bytes_left < 0:
                self._remove(next(iter(self._values)))

    def drop(self, key: K, value: V) -> None:
        """Drop this value, unless another one has replaced it."""
        with self._lock:
            found = self._values.get(key)
            if found is not None and found[0] is value:
                self._remove(key)

    def items(self) -> list[tuple[K, V]]:
        """Return a copy of the current keys and values."""
        with self._lock:
            return [(key, value) for key, (value, _) in self._values.items()]

    def _remove(self, key: K) -> None:
        _, n_bytes = self._values.pop(key, (None, 0))
        self._bytes_left += n_bytes


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
