"""Fixed-window counters in Redis, shared by all processes of all servers."""

from collections.abc import Callable

from observe import metrics
from observe.metrics import LOCAL, SHARED
from recsite.cache.fixed_window import Count, FixedWindowCounter
from recsite.cache.redis import Script, TolerantRedisCache

# One atomic script in one round trip. Redis's clock times the window, since the web servers' may differ.
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
    """Counts in Redis, or in this process while Redis is unreachable, slow or full.

    redis: returns the cache of the current thread
    local: the counter for outages
    """

    def __init__(self, redis: Callable[[], TolerantRedisCache], local: FixedWindowCounter) -> None:
        self._redis = redis
        self._local = local

    def count(self, key: str, seconds: float) -> Count:
        """Count a call under the key, and return the count. seconds: the length of the window"""
        found = self._redis().run(_COUNT, key, round(seconds * 1000))
        if found is None:
            metrics.recorder.counted_for_throttling(LOCAL)
            return self._local.count(key, seconds)
        metrics.recorder.counted_for_throttling(SHARED)
        n, left = found
        return Count(n, left / 1000)


class LocalWindowCounter(FixedWindowCounter):
    """A counter for deployments without Redis, which records that it counts in this process only."""

    def count(self, key: str, seconds: float) -> Count:
        metrics.recorder.counted_for_throttling(LOCAL)
        return super().count(key, seconds)
