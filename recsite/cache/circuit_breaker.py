"""Notices that something is away, says so once, and has it left alone but for one try now and then."""

import logging
import time
from collections.abc import Callable
from threading import Lock

from recsite.postgresql.backoff import Backoff

logger = logging.getLogger(__name__)
# An outage is over when nothing has failed for so many rests: what comes and goes is told of once, too.
CALM = 5


class CircuitBreaker:
    """Whether to try, and one line in the log for the beginning and the end of an outage. For any thread.

    what: what is away, and what is done about it, as the log is to say it; rest_seconds: from try to try
    """

    def __init__(self, what: str, rest_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._what = what
        self._calm_seconds = CALM * rest_seconds
        self._clock = clock
        self._patience = Backoff(rest_seconds, clock)
        self._changing = Lock()
        self._began: float | None = None
        self._failed_at = 0.0
        self._n_failed = 0

    @property
    def is_on(self) -> bool:
        """Whether it was away when it was last tried, or a moment before."""
        return self._began is not None

    def may_try(self) -> bool:
        """Return whether to try now; what is tried is told to `failed` or `worked`."""
        return self._patience.is_worth_it()

    def failed(self, error: Exception) -> None:
        self._patience.was_in_vain()
        with self._changing:
            self._failed_at = self._clock()
            self._n_failed += 1
            if self._began is not None:
                return
            self._began = self._failed_at
        logger.warning("%s (%s)", self._what, type(error).__name__)

    def worked(self) -> None:
        self._patience.was_rewarded()
        if self._began is None:
            return
        with self._changing:
            now = self._clock()
            if self._began is None or now - self._failed_at < self._calm_seconds:
                return
            seconds, n_failed = now - self._began, self._n_failed
            self._began, self._n_failed = None, 0
        logger.warning("That is over: %s (%d tries failed in %.0f s)", self._what, n_failed, seconds)
