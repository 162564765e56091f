"""Counts as `windows.py` does, for all processes of all servers in one Redis; without it, in this process."""

from collections.abc import Callable

from observe import metrics
from observe.metrics import LOCAL, SHARED
from recsite.cache.fixed_window import Count, FixedWindowCounter
from recsite.cache.redis import Script, TolerantRedisCache

# One step, so that nothing comes between counting and looking, and one round trip. The window is timed by the
# server's own clock: those of the web servers may differ.
_COUNT = Script(
    """
    local n = redis.call('INCR', KEYS[1])
    local left = redis.call('PTTL', KEYS[1])
    if left < 0 then
        left = tonumber(ARGV[1])
        redis.call('PEXPIRE', KEYS[1], left)
    end
    return {n, left}
    """
)


class SharedWindowCounter:
    """While Redis is away, slow or full, the process counts alone, and nobody waits.

    redis: gives the cache of the thread that asks
    """

    def __init__(self, redis: Callable[[], TolerantRedisCache], alone: FixedWindowCounter) -> None:
        self._redis = redis
        self._alone = alone

    def count(self, key: str, seconds: float) -> Count:
        """Return how often it happened under this key, now included. seconds: how long a window is open"""
        found = self._redis().run(_COUNT, key, round(seconds * 1000))
        if found is None:
            metrics.recorder.counted_for_throttling(LOCAL)
            return self._alone.count(key, seconds)
        metrics.recorder.counted_for_throttling(SHARED)
        n, left = found
        return Count(n, left / 1000)


class LocalWindowCounter(FixedWindowCounter):
    """Where there is no Redis every process counts by itself, and says so."""

    def count(self, key: str, seconds: float) -> Count:
        metrics.recorder.counted_for_throttling(LOCAL)
        return super().count(key, seconds)
