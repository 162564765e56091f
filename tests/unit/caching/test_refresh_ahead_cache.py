"""RefreshAheadCache: age, background renewal and concurrency."""

import threading

import pytest
from django.db import DatabaseError

from recommendations.caching.refresh_ahead import RefreshAheadCache
from tests.waiting import PATIENCE_SECONDS


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Hurried(threading.Event):
    """Records how long a thread would wait; once `may_hurry` is set, returns at once."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float | None] = []
        self.may_hurry = threading.Event()

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout)
        self.may_hurry.wait(PATIENCE_SECONDS)
        return super().wait(0.001)


def counting() -> "list[int | None]":
    return []


class TestRefreshAheadCache:
    def test_builds_once_while_the_value_is_young(self):
        clock, previous_values = Clock(), counting()
        cache = RefreshAheadCache(
            lambda previous: previous_values.append(previous) or len(previous_values),
            max_age_seconds=60,
            in_background=False,
            clock=clock,
        )

        values = [cache(), cache()]
        clock.now += 59.9
        values.append(cache())

        assert values == [1, 1, 1]

    def test_builds_from_the_previous_value_at_the_maximum_age(self):
        clock, previous_values = Clock(), counting()
        cache = RefreshAheadCache(
            lambda previous: previous_values.append(previous) or len(previous_values),
            max_age_seconds=60,
            in_background=False,
            clock=clock,
        )
        cache()

        clock.now += 60

        assert cache() == 2
        assert previous_values == [None, 1]

    def test_counts_the_age_from_before_building(self):
        clock, previous_values = Clock(), counting()

        def slow(previous: int | None) -> int:
            previous_values.append(previous)
            clock.now += 30
            return len(previous_values)

        cache = RefreshAheadCache(slow, max_age_seconds=60, in_background=False, clock=clock)
        cache()
        clock.now += 30

        assert cache() == 2

    def test_renews_the_value_in_its_own_thread(self):
        built = threading.Semaphore(0)
        threads = set()

        def build(previous: int | None) -> int:
            threads.add(threading.current_thread().name)
            built.release()
            return (previous or 0) + 1

        cache = RefreshAheadCache(build, max_age_seconds=0.02, in_background=True)
        cache()

        assert all(built.acquire(timeout=PATIENCE_SECONDS) for _ in range(3))
        cache.stop()
        cache._thread.join(PATIENCE_SECONDS)
        assert "refresh-ahead" in threads

    def test_makes_no_caller_wait_again_once_its_thread_runs(self):
        clock, stopped, builders = Clock(), Hurried(), []
        built = threading.Semaphore(0)

        def build(previous: int | None) -> int:
            builders.append(threading.current_thread().name)
            built.release()
            return len(builders)

        cache = RefreshAheadCache(build, max_age_seconds=60, in_background=True, clock=clock)
        cache._stopped = stopped
        cache()
        stopped.may_hurry.set()
        assert all(built.acquire(timeout=PATIENCE_SECONDS) for _ in range(3))
        cache()
        cache.stop()
        cache._thread.join(PATIENCE_SECONDS)

        assert builders.count(threading.current_thread().name) == 1
        assert set(stopped.waits) == {30}  # half the maximum age

    def test_starts_a_thread_of_its_own_in_a_forked_child(self):
        built = threading.Semaphore(0)
        cache = RefreshAheadCache(
            lambda previous: built.release() or 1, max_age_seconds=0.05, in_background=True
        )
        cache()
        cache._process = -1  # as in a forked child, which has the value but not the thread

        assert built.acquire(timeout=PATIENCE_SECONDS)
        first = cache._thread
        cache()

        assert cache._thread is not first
        cache.stop()
        cache._thread.join(PATIENCE_SECONDS)

    @pytest.mark.parametrize(
        "problem", [DatabaseError("gone"), RuntimeError("a bug"), OSError("no space left")]
    )
    def test_keeps_the_value_after_any_error_in_its_thread(
        self, caplog: pytest.LogCaptureFixture, problem: Exception
    ):
        failed, n = threading.Semaphore(0), counting()

        def build(previous: int | None) -> int:
            n.append(previous)
            if len(n) > 1:
                failed.release()
                raise problem
            return 1

        clock = Clock()
        cache = RefreshAheadCache(build, max_age_seconds=0.02, in_background=True, clock=clock)
        cache()

        assert failed.acquire(timeout=PATIENCE_SECONDS)
        assert failed.acquire(timeout=PATIENCE_SECONDS)
        assert cache() == 1
        cache.stop()
        cache._thread.join(PATIENCE_SECONDS)
        assert "could not be renewed" in caplog.text

    def test_builds_once_for_concurrent_callers(self):
        entered, release, previous_values = threading.Event(), threading.Event(), counting()

        def build(previous: int | None) -> int:
            previous_values.append(previous)
            entered.set()
            assert release.wait(PATIENCE_SECONDS)
            return 7

        cache = RefreshAheadCache(build, max_age_seconds=60, in_background=False)
        values: list[int] = []
        callers = [threading.Thread(target=lambda: values.append(cache())) for _ in range(4)]
        for caller in callers:
            caller.start()
        assert entered.wait(PATIENCE_SECONDS)
        release.set()
        for caller in callers:
            caller.join(PATIENCE_SECONDS)

        assert values == [7] * 4
        assert previous_values == [None]
