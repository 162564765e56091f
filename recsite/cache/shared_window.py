"""Sliding-window counters in Redis, shared by all processes of all servers."""

from collections.abc import Callable

from observe import metrics
from observe.metrics import LOCAL, SHARED
from recsite.cache.redis import Script, TolerantRedisCache
from recsite.cache.sliding_window import BUCKETS, Count, SlidingWindowCounter

_MICRO = 1_000_000
# SlidingWindowCounter.count() as one atomic script, in one round trip. A value is a packed list: the time of
# the first call in the newest bucket, then of each bucket the time of its last call and its number of calls.
# Times are Redis's, since the web servers' clocks may differ, in microseconds. A refused call writes nothing.
_COUNT = Script(
    f"""
    local limit, length = tonumber(ARGV[1]), tonumber(ARGV[2])
    local now = tonumber(ARGV[3])
    if not now then
        local time = redis.call('TIME')
        now = time[1] * 1000000 + time[2]
    end
    local found = redis.call('GET', KEYS[1])
    local old = found and cmsgpack.unpack(found) or {{0}}
    local newest = old[#old - 1]
    if newest and newest > now then  -- the clock was set back
        if newest > now + length then old = {{0}} else now = newest end
    end
    local first, n = 2, 0
    while old[first] and old[first] <= now - length do first = first + 2 end
    for i = first + 1, #old, 2 do n = n + old[i] end
    if n >= limit then
        local left, i = n - old[first + 1], first
        while left >= limit do
            i = i + 2
            left = left - old[i + 1]
        end
        return {{0, n, old[i] + length - now}}
    end
    local kept = {{old[1], unpack(old, first)}}
    if #kept > 1 and now < old[1] + length / {BUCKETS} then
        kept[#kept - 1], kept[#kept] = now, kept[#kept] + 1
        redis.call('SET', KEYS[1], cmsgpack.pack(kept), 'KEEPTTL')
    else  -- the entry expires when the last call that this bucket can take has left the window
        kept[1], kept[#kept + 1], kept[#kept + 2] = now, now, 1
        redis.call('SET', KEYS[1], cmsgpack.pack(kept), 'PX', math.ceil(length * {1 + 1 / BUCKETS} / 1000))
    end
    return {{1, n + 1, kept[2] + length - now}}
    """
)


class SharedWindowCounter:
    """Counts in Redis, or in this process while Redis is unreachable, slow or full.

    redis: returns the cache of the current thread
    local: the counter for outages
    clock: returns seconds, for tests; None for Redis's own clock
    """

    def __init__(
        self,
        redis: Callable[[], TolerantRedisCache],
        local: SlidingWindowCounter,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._redis = redis
        self._local = local
        self._clock = clock

    def count(self, key: str, limit: int, seconds: float) -> Count:
        """Count a call under the key if it is within the limit. seconds: the length of the window"""
        now = () if self._clock is None else (round(self._clock() * _MICRO),)
        found = self._redis().run(_COUNT, key, limit, round(seconds * _MICRO), *now)
        if found is None:
            metrics.recorder.counted_for_throttling(LOCAL)
            return self._local.count(key, limit, seconds)
        metrics.recorder.counted_for_throttling(SHARED)
        is_allowed, n, microseconds = found
        return Count(bool(is_allowed), n, microseconds / _MICRO)


class LocalWindowCounter(SlidingWindowCounter):
    """A counter for deployments without Redis, which records that it counts in this process only."""

    def count(self, key: str, limit: int, seconds: float) -> Count:
        metrics.recorder.counted_for_throttling(LOCAL)
        return super().count(key, limit, seconds)
