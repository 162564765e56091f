"""Windows in this process keep the contract from any number of threads, and are bounded in number."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from recsite.cache.sliding_window import SlidingWindowCounter
from tests.contracts.window_counter import Clock, WindowCounterContract

MANY = 1_000_000  # a limit that no test reaches


class Lingering(str):
    """A key that lets other threads run whenever it is looked up."""

    def __hash__(self) -> int:
        time.sleep(0)
        return super().__hash__()


class TestContract(WindowCounterContract):
    @pytest.fixture
    def make(self) -> Callable[[Clock], SlidingWindowCounter]:
        return lambda clock: SlidingWindowCounter(clock=clock)


class TestThreads:
    def test_lose_nothing(self):
        windows, keys = SlidingWindowCounter(), [Lingering(n) for n in range(100)]

        def each(_: int) -> list[int]:
            return [windows.count(key, MANY, 600).n for key in keys for _ in range(5)]

        with ThreadPoolExecutor(8) as pool:
            reported = [n for found in pool.map(each, range(8)) for n in found]

        assert sorted(reported) == sorted(list(range(1, 41)) * 100)


class TestNumberOfWindows:
    def test_is_bounded(self):
        windows = SlidingWindowCounter(max_windows=100)

        sizes = [windows.count(f"address:{n}", MANY, 60) and len(windows) for n in range(1_000)]

        assert max(sizes) == 100

    def test_is_reduced_by_closed_windows_first(self):
        clock = Clock()
        windows = SlidingWindowCounter(max_windows=100, clock=clock)
        windows.count("long", MANY, 3_600)
        for n in range(99):
            windows.count(f"short:{n}", MANY, 1)
        clock.now += 2

        windows.count("one more", MANY, 1)

        assert len(windows) == 2
        assert windows.count("long", MANY, 3_600).n == 2

    def test_is_reduced_by_those_that_close_first_where_all_are_open(self):
        clock = Clock()
        windows = SlidingWindowCounter(max_windows=100, clock=clock)
        for n in range(100):
            windows.count(f"{n}", MANY, 60)
            clock.now += 0.1
        windows.count("0", MANY, 60)

        windows.count("one more", MANY, 60)

        assert windows.count("0", MANY, 60).n == 3
        assert windows.count("1", MANY, 60).n == 1


class TestBuckets:
    def test_are_bounded_whatever_the_limit(self):
        clock = Clock()
        windows = SlidingWindowCounter(clock=clock)
        for _ in range(10_000):
            windows.count("key", MANY, 60)
            clock.now += 0.01

        (window,) = windows._windows.values()
        assert len(window.buckets) <= 21
