"""A circuit breaker that logs the beginning and the end of an outage once."""

import logging
import time
from collections.abc import Callable
from threading import Lock

from recsite.cache.backoff import Backoff

logger = logging.getLogger(__name__)
# An outage ends when no call has failed for this many rest periods, so that a flapping server is logged once.
CALM_PERIODS = 5


class CircuitBreaker:
    """Allows one call per rest period during an outage, and logs its beginning and end. Thread-safe.

    message:      the line for the log: what fails, and what happens instead
    rest_seconds: the time between two attempts during an outage
    """

    def __init__(
        self, message: str, rest_seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._message = message
        self._calm_seconds = CALM_PERIODS * rest_seconds
        self._clock = clock
        self._backoff = Backoff(rest_seconds, clock)
        self._lock = Lock()
        self._began: float | None = None
        self._failed_at = 0.0
        self._n_failed = 0

    @property
    def is_open(self) -> bool:
        """Whether an outage has begun and has not ended."""
        return self._began is not None

    def may_try(self) -> bool:
        """Return whether to try now. The caller must then call record_failure or record_success."""
        return self._backoff.may_try()

    def record_failure(self, error: Exception) -> None:
        self._backoff.record_failure()
        with self._lock:
            self._failed_at = self._clock()
            self._n_failed += 1
            if self._began is not None:
                return
            self._began = self._failed_at
        logger.warning("%s (%s)", self._message, type(error).__name__)

    def record_success(self) -> None:
        self._backoff.record_success()
        if self._began is None:
            return
        with self._lock:
            now = self._clock()
            if self._began is None or now - self._failed_at < self._calm_seconds:
                return
            seconds, n_failed = now - self._began, self._n_failed
            self._began, self._n_failed = None, 0
        logger.warning("The outage is over: %s (%d calls failed in %.0f s)", self._message, n_failed, seconds)
