"""Windows count exactly from any number of threads, close on time, and are bounded in number."""

import time
from concurrent.futures import ThreadPoolExecutor

from recsite.cache.fixed_window import FixedWindowCounter


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Lingering(str):
    """A key that lets other threads run whenever it is looked up."""

    def __hash__(self) -> int:
        time.sleep(0)
        return super().__hash__()


class TestWindows:
    def test_count_from_the_first_and_say_how_long_they_are_open(self):
        clock = Clock()
        windows = FixedWindowCounter(clock=clock)
        assert windows.count("a", 60) == (1, 60)
        clock.now = 20

        assert windows.count("a", 60) == (2, 40)
        assert windows.count("b", 10) == (1, 10)

    def test_count_anew_when_they_have_closed(self):
        clock = Clock()
        windows = FixedWindowCounter(clock=clock)
        windows.count("a", 60)
        clock.now = 60

        assert windows.count("a", 60) == (1, 60)

    def test_lose_nothing_between_threads(self):
        windows, keys = FixedWindowCounter(), [Lingering(n) for n in range(100)]

        def each(_: int) -> list[int]:
            return [windows.count(key, 600).n for key in keys for _ in range(5)]

        with ThreadPoolExecutor(8) as pool:
            told = [n for found in pool.map(each, range(8)) for n in found]

        assert sorted(told) == sorted(list(range(1, 41)) * 100)

    def test_are_never_more_than_so_many(self):
        windows = FixedWindowCounter(max_windows=100)

        sizes = [windows.count(f"address:{n}", 60) and len(windows) for n in range(1_000)]

        assert max(sizes) == 100

    def test_forget_what_is_closed_before_what_is_open(self):
        clock = Clock()
        windows = FixedWindowCounter(max_windows=100, clock=clock)
        windows.count("long", 3_600)
        for n in range(99):
            windows.count(f"short:{n}", 1)
        clock.now = 2

        windows.count("one more", 1)

        assert len(windows) == 2
        assert windows.count("long", 3_600).n == 2

    def test_forget_what_opened_first_where_all_are_open(self):
        windows = FixedWindowCounter(max_windows=100)
        for n in range(101):
            windows.count(f"{n}", 60)

        assert windows.count("99", 60).n == 2
        assert windows.count("0", 60).n == 1
