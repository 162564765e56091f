"""Counting in several processes, which import only this file."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from recsite.cache.redis import TolerantRedisCache
from recsite.cache.shared_window import SharedWindowCounter
from recsite.cache.sliding_window import SlidingWindowCounter

THREADS = 8
# So that a machine with much else to do is not taken for a Redis that is away.
PATIENT = {"socket_timeout": 30.0, "socket_connect_timeout": 30.0}


def of(cache: TolerantRedisCache, clock: Callable[[], float] | None = None) -> SharedWindowCounter:
    return SharedWindowCounter(lambda: cache, SlidingWindowCounter(), clock)


def counted_by_one_process(url: str, n: int) -> list[int]:
    """Return the count of each of n calls, made by several threads at once."""
    windows = of(TolerantRedisCache(url, {"OPTIONS": PATIENT}))
    with ThreadPoolExecutor(THREADS) as pool:
        return [count.n for count in pool.map(lambda _: windows.count("key", 1_000_000, 600), range(n))]
