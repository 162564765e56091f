"""In-process LRU cache bounded in bytes. Thread-safe."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class LRUCache(Generic[K, V]):
    """Keeps the most recently used values.

    max_bytes: of all values together; the least recently used are dropped first
    size:      returns the approximate size of a value in bytes
    """

    def __init__(self, max_bytes: int, size: Callable[[V], int]) -> None:
        self._bytes_left = max_bytes
        self._size = size
        self._values: OrderedDict[K, V] = OrderedDict()
        self._lock = Lock()

    def get(self, key: K) -> V | None:
        """Return the value, None if there is none."""
        with self._lock:
            value = self._values.get(key)
            if value is not None:
                self._values.move_to_end(key)
            return value

    def put(self, key: K, value: V) -> None:
        """Set the value of the key. A value larger than max_bytes is dropped at once, with all others."""
        with self._lock:
            self._remove(key)
            self._values[key] = value
            self._bytes_left -= self._size(value)
            while self._bytes_left < 0:
                self._remove(next(iter(self._values)))

    def drop(self, key: K, value: V) -> None:
        """Drop this value, unless another one has replaced it."""
        with self._lock:
            if self._values.get(key) is value:
                self._remove(key)

    def items(self) -> list[tuple[K, V]]:
        """Return a copy of the current keys and values."""
        with self._lock:
            return list(self._values.items())

    def _remove(self, key: K) -> None:
        value = self._values.pop(key, None)
        if value is not None:
            self._bytes_left += self._size(value)
