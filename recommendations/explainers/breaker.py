"""A circuit breaker for a language model: after some failures it is left alone, and tried once in a while."""

import logging
import time
from collections.abc import Callable
from threading import Lock
from typing import Protocol

from observe import metrics

MAX_FAILURES = 3  # failures in a row after which the model is left alone
POLL_SECONDS = 1.0  # how often a process asks whether another one has found the model working
log = logging.getLogger(__name__)


class SharedOutage(Protocol):
    """An outage that all processes know of."""

    @property
    def is_shared(self) -> bool:
        """Whether other processes can be asked now."""
        ...

    def is_on(self) -> bool:
        """Return whether the outage goes on."""
        ...

    def may_try(self, seconds: float) -> bool:
        """Return whether the caller may try the model: one of all processes in this time."""
        ...

    def begin(self, seconds: float) -> None:
        """Tell the other processes of the outage. Nobody may try the model for this time."""
        ...

    def end(self) -> None:
        """Tell the other processes that the outage is over."""
        ...


class Unshared:
    """Stands for an outage that only this process knows of."""

    is_shared = False

    def is_on(self) -> bool:
        return False

    def may_try(self, seconds: float) -> bool:
        return True

    def begin(self, seconds: float) -> None:
        """Do nothing."""

    def end(self) -> None:
        """Do nothing."""


class ModelBreaker:
    """Refuses calls for a while after MAX_FAILURES failures in a row, then allows one. Thread-safe.

    When that one succeeds, all are allowed again, in every process that shares the outage.

    name:         of the model, for the log
    rest_seconds: the time between two attempts during an outage; 0 allows every call
    """

    def __init__(self, name: str, rest_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.shared: SharedOutage = Unshared()
        self._name = name
        self._rest_seconds = rest_seconds
        self._clock = clock
        self._lock = Lock()
        self._n_failed = 0
        self._next_try: float | None = None  # None while the model may be called

    @property
    def is_open(self) -> bool:
        """Whether the model is left alone. Asks the other processes, if they can be asked."""
        if not self._rest_seconds:
            return False
        return self.shared.is_on() if self.shared.is_shared else self._next_try is not None

    @property
    def is_resting(self) -> bool:
        """Whether a call would be refused now, without asking anybody."""
        next_try = self._next_try
        return next_try is not None and self._clock() < next_try

    def may_call(self) -> bool:
        """Return whether to call the model. The caller must then record how the call ended."""
        if not self._rest_seconds:
            return True
        with self._lock:
            now = self._clock()
            if self._next_try is not None:
                if now < self._next_try:
                    return False
                self._next_try = now + self._rest_seconds
        if not self.shared.is_shared:
            return True
        if not self.shared.is_on():
            self._close("another process has reached it", n_failed=MAX_FAILURES - 1)
            return True
        if self.shared.may_try(self._rest_seconds):
            self._open(self._rest_seconds)
            return True
        self._open(min(POLL_SECONDS, self._rest_seconds))
        return False

    def record_failure(self, reason: object) -> None:
        """Count a failure. reason: for the log, without secrets"""
        if not self._rest_seconds:
            return
        with self._lock:
            self._n_failed += 1
            is_out = self._n_failed >= MAX_FAILURES or self._next_try is not None
        if not is_out:
            return
        if self._open(self._rest_seconds):
            log.warning(
                "%s has failed %d times in a row, so it is left alone and tried every %g s; the template "
                "explains. The last failure: %s.",
                self._name,
                self._n_failed,
                self._rest_seconds,
                reason,
            )
        self.shared.begin(self._rest_seconds)

    def record_success(self) -> None:
        """Allow all calls again."""
        if not self._n_failed and self._next_try is None:
            return
        was_open = self._next_try is not None
        self._close("it answers", n_failed=0)
        if was_open:
            self.shared.end()

    def _open(self, seconds: float) -> bool:
        """Refuse calls for this time. Return whether they were allowed before."""
        with self._lock:
            was_closed = self._next_try is None
            self._next_try = self._clock() + seconds
        metrics.recorder.model_resting(True)
        return was_closed

    def _close(self, reason: str, *, n_failed: int) -> None:
        with self._lock:
            was_open, self._next_try = self._next_try is not None, None
            self._n_failed = n_failed if was_open else min(n_failed, self._n_failed)
        if was_open:
            metrics.recorder.model_resting(False)
            log.warning("%s is called again: %s.", self._name, reason)
