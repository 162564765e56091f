"""Turns of the writers of a SQLite file, so that each gets its turn after those that came before it.

SQLite has one writer at a time. Left alone, the others sleep, longer each time, up to 0.1 s, and the one that
wakes up at the right moment is next, so some wait for a second while others write.
"""

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path
from threading import Lock

SUFFIX = "-turns"
# One process has the turn. Another one is next and waits for it, and all others wait to be next.
_WRITING, _NEXT = 0, 1
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.0005, 0.002


class TurnTimeout(Exception):
    """No turn came in time."""


class Turns:
    """The turns of this process for one file.

    The processes lock two bytes of a file next to the database. The operating system releases them when a
    process dies. At most one thread of each process takes part, until it has written, so processes take turns
    however many threads they have.

    path: of the database
    """

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(path.name + SUFFIX)
        self._thread = Lock()
        self._file: int | None = None
        self._pid: int | None = None

    def take(self, seconds: float) -> None:
        """Wait for the turn. Raises TurnTimeout after so many seconds."""
        deadline = time.monotonic() + seconds
        if not self._thread.acquire(timeout=seconds):
            raise TurnTimeout
        try:
            file = self._opened()
            if file is not None:
                _lock(file, _NEXT, deadline)
                try:
                    _lock(file, _WRITING, deadline)
                finally:
                    _unlock(file, _NEXT)
        except BaseException:
            self._thread.release()
            raise

    def give_back(self) -> None:
        """End the turn."""
        try:
            if self._file is not None:
                _unlock(self._file, _WRITING)
        finally:
            self._thread.release()

    def _opened(self) -> int | None:
        """Return the file, None where there can be none: then SQLite's own lock has to do."""
        if self._pid != os.getpid():
            self._pid = os.getpid()  # locks and positions of a parent are not those of its child
            self._file = None
            with suppress(OSError):
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return self._file


def _lock(file: int, byte: int, deadline: float) -> None:
    pause = _SHORTEST_PAUSE
    while True:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)
        except (BlockingIOError, PermissionError):  # somebody else has it
            if time.monotonic() >= deadline:
                raise TurnTimeout from None
        except OSError:  # a file system without locks
            return
        else:
            return
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


def _unlock(file: int, byte: int) -> None:
    with suppress(OSError):
        fcntl.lockf(file, fcntl.LOCK_UN, 1, byte)
