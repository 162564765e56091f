"""Keeps values in so much memory: what has not been asked for the longest goes first. For any thread."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class LRUCache(Generic[K, V]):
    """max_bytes: what is kept at most; size: gives about how many bytes a value takes"""

    def __init__(self, max_bytes: int, size: Callable[[V], int]) -> None:
        self._room = max_bytes
        self._size = size
        self._kept: OrderedDict[K, V] = OrderedDict()
        self._changing = Lock()

    def get(self, key: K) -> V | None:
        """Return the value, None where there is none."""
        with self._changing:
            kept = self._kept.get(key)
            if kept is not None:
                self._kept.move_to_end(key)
            return kept

    def put(self, key: K, value: V) -> None:
        """Keep the value in the place of any other of that key; not for long where it is larger than all."""
        with self._changing:
            self._remove(key)
            self._kept[key] = value
            self._room -= self._size(value)
            while self._room < 0:
                self._remove(next(iter(self._kept)))

    def drop(self, key: K, value: V) -> None:
        """Keep that value no longer, if it is still the one of that key."""
        with self._changing:
            if self._kept.get(key) is value:
                self._remove(key)

    def items(self) -> list[tuple[K, V]]:
        """Return what is kept at this moment."""
        with self._changing:
            return list(self._kept.items())

    def _remove(self, key: K) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            self._room += self._size(kept)
