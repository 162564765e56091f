"""A value that is renewed behind the callers' backs."""

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
    """Notes how long a thread would wait; once it `may_hurry`, lets it go on at once."""

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


class TestKept:
    def test_builds_once_while_the_value_is_young(self):
        clock, formers = Clock(), counting()
        kept = RefreshAheadCache(
            lambda former: formers.append(former) or len(formers),
            max_age_seconds=60,
            in_background=False,
            clock=clock,
        )

        values = [kept(), kept()]
        clock.now += 59.9
        values.append(kept())

        assert values == [1, 1, 1]

    def test_builds_anew_from_the_former_value_at_the_greatest_age(self):
        clock, formers = Clock(), counting()
        kept = RefreshAheadCache(
            lambda former: formers.append(former) or len(formers),
            max_age_seconds=60,
            in_background=False,
            clock=clock,
        )
        kept()

        clock.now += 60

        assert kept() == 2
        assert formers == [None, 1]

    def test_counts_the_age_from_before_building(self):
        clock, formers = Clock(), counting()

        def slow(former: int | None) -> int:
            formers.append(former)
            clock.now += 30
            return len(formers)

        kept = RefreshAheadCache(slow, max_age_seconds=60, in_background=False, clock=clock)
        kept()
        clock.now += 30

        assert kept() == 2

    def test_is_renewed_by_its_own_thread(self):
        built = threading.Semaphore(0)
        threads = set()

        def build(former: int | None) -> int:
            threads.add(threading.current_thread().name)
            built.release()
            return (former or 0) + 1

        kept = RefreshAheadCache(build, max_age_seconds=0.02, in_background=True)
        kept()

        assert all(built.acquire(timeout=PATIENCE_SECONDS) for _ in range(3))
        kept.stop()
        kept._thread.join(PATIENCE_SECONDS)
        assert "refresh-ahead" in threads

    def test_lets_no_caller_wait_again_once_its_thread_renews_it(self):
        clock, stopped, builders = Clock(), Hurried(), []
        built = threading.Semaphore(0)

        def build(former: int | None) -> int:
            builders.append(threading.current_thread().name)
            built.release()
            return len(builders)

        kept = RefreshAheadCache(build, max_age_seconds=60, in_background=True, clock=clock)
        kept._stopped = stopped
        kept()
        stopped.may_hurry.set()
        assert all(built.acquire(timeout=PATIENCE_SECONDS) for _ in range(3))
        kept()
        kept.stop()
        kept._thread.join(PATIENCE_SECONDS)

        assert builders.count(threading.current_thread().name) == 1
        assert set(stopped.waits) == {30}  # half the greatest age

    def test_starts_a_thread_of_its_own_in_a_forked_child(self):
        built = threading.Semaphore(0)
        kept = RefreshAheadCache(
            lambda former: built.release() or 1, max_age_seconds=0.05, in_background=True
        )
        kept()
        kept._process = -1  # as a child finds it: the value is there, the thread is not

        assert built.acquire(timeout=PATIENCE_SECONDS)
        first = kept._thread
        kept()

        assert kept._thread is not first
        kept.stop()
        kept._thread.join(PATIENCE_SECONDS)

    @pytest.mark.parametrize(
        "problem", [DatabaseError("gone"), RuntimeError("a bug"), OSError("no space left")]
    )
    def test_keeps_the_value_whatever_hinders_its_thread(
        self, caplog: pytest.LogCaptureFixture, problem: Exception
    ):
        failed, n = threading.Semaphore(0), counting()

        def build(former: int | None) -> int:
            n.append(former)
            if len(n) > 1:
                failed.release()
                raise problem
            return 1

        clock = Clock()
        kept = RefreshAheadCache(build, max_age_seconds=0.02, in_background=True, clock=clock)
        kept()

        assert failed.acquire(timeout=PATIENCE_SECONDS)
        assert failed.acquire(timeout=PATIENCE_SECONDS)
        assert kept() == 1
        kept.stop()
        kept._thread.join(PATIENCE_SECONDS)
        assert "could not be renewed" in caplog.text

    def test_builds_once_for_callers_that_come_together(self):
        entered, release, formers = threading.Event(), threading.Event(), counting()

        def build(former: int | None) -> int:
            formers.append(former)
            entered.set()
            assert release.wait(PATIENCE_SECONDS)
            return 7

        kept = RefreshAheadCache(build, max_age_seconds=60, in_background=False)
        values: list[int] = []
        callers = [threading.Thread(target=lambda: values.append(kept())) for _ in range(4)]
        for caller in callers:
            caller.start()
        assert entered.wait(PATIENCE_SECONDS)
        release.set()
        for caller in callers:
            caller.join(PATIENCE_SECONDS)

        assert values == [7] * 4
        assert formers == [None]
