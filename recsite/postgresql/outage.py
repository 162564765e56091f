"""An outage of the database: requests fail at once while one thread asks whether the server is back."""

import threading
from collections.abc import Callable


class Outage:
    """Whether the server is away. Thread-safe.

    Without it, requests would queue during an outage, each behind the time limits of all before it, and each
    attempt to reach a silent server would hold a thread that serves others.

    is_back: connects to the server and returns whether it answers
    on_end:  called when it does
    pause_seconds: between two attempts
    """

    def __init__(
        self, is_back: Callable[[], bool], on_end: Callable[[], None], pause_seconds: float = 0.25
    ) -> None:
        self._is_back = is_back
        self._on_end = on_end
        self._pause_seconds = pause_seconds
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._over.set()

    @property
    def is_on(self) -> bool:
        return not self._over.is_set()

    def begin(self) -> None:
        """Start to ask for the server, unless that is done already."""
        with self._lock:
            if self.is_on:
                return
            self._over.clear()
        threading.Thread(target=self._await_end, name="database-outage", daemon=True).start()

    def _await_end(self) -> None:
        try:
            pause = threading.Event()
            while not self._is_back():
                pause.wait(self._pause_seconds)
            self._on_end()
        finally:
            self._over.set()
