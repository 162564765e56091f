"""Lets one thread do what several want done at once: the others wait for it, and look what came of it."""

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from threading import Event, Lock


class SingleFlight:
    """patience_seconds: how long the others wait at most; then each does it for itself"""

    def __init__(self, patience_seconds: float) -> None:
        self._patience_seconds = patience_seconds
        self._under_way: dict[Hashable, Event] = {}
        self._changing = Lock()

    @contextmanager
    def __call__(self, key: Hashable) -> Iterator[bool]:
        """Enter at once and give False, or wait while another thread is in with that key and give True."""
        mine = Event()
        with self._changing:
            first = self._under_way.setdefault(key, mine)
        if first is not mine:
            first.wait(self._patience_seconds)
            yield True
            return
        try:
            yield False
        finally:
            with self._changing:
                del self._under_way[key]
            mine.set()
