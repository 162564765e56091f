"""Passwords are hashed one at a time in each process: a hash takes 0.2 s of a processor, on purpose."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock, Semaphore

from django.conf import settings

from access.errors import TooManyPasswords

WAIT_SECONDS = 1.0


class PasswordSlot:
    """A lock for hashing. One more thread may wait for it, for a second; others are refused at once.

    may_wait: False if waiting could occupy the last thread of a web server that answers others
    """

    def __init__(self, *, may_wait: bool, wait_seconds: float = WAIT_SECONDS) -> None:
        self._wait_seconds = wait_seconds
        self._hashing = RLock()  # a hash that is out of date is replaced while it is checked
        self._waiting = Semaphore(1 if may_wait else 0)

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Hold the lock. Raises TooManyPasswords."""
        if not self._hashing.acquire(blocking=False):
            self._wait()
        try:
            yield
        finally:
            self._hashing.release()

    def _wait(self) -> None:
        if not self._waiting.acquire(blocking=False):
            raise TooManyPasswords
        try:
            if not self._hashing.acquire(timeout=self._wait_seconds):
                raise TooManyPasswords
        finally:
            self._waiting.release()


# Of three threads one hashes, one waits, and one answers other requests.
SLOT = PasswordSlot(may_wait=settings.ENV.web_threads > 2)
