"""Contract of counters of sliding windows, held against every call of a naive list."""

from collections.abc import Callable
from typing import Protocol

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recsite.cache.sliding_window import BUCKETS, Count

LENGTH = 60.0
SHARED = LENGTH / BUCKETS  # how long calls share a bucket
START = 1_000_000.0

# Seconds between one call and the next: bursts, steady traffic, pauses, and whole windows.
gaps = st.lists(
    st.one_of(st.just(0), st.integers(1, 3), st.integers(4, 50), st.just(60), st.integers(55, 130)),
    min_size=1,
    max_size=80,
)
# `make` gives each example a new counter, and each class that inherits the contract is an executor.
for_any_counter = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors]
)


class Counter(Protocol):
    def count(self, key: str, limit: int, seconds: float) -> Count: ...


class Clock:
    now = START

    def __call__(self) -> float:
        return self.now


class WindowCounterContract:
    """Inherit it, and give a fixture `make` that returns a new counter with this clock."""

    @pytest.fixture
    def clock(self) -> Clock:
        return Clock()

    @pytest.fixture
    def counter(self, make: Callable[[Clock], Counter], clock: Clock) -> Counter:
        return make(clock)

    def test_counts_up_to_the_limit_and_then_refuses(self, counter, clock):
        counts = [counter.count("key", 3, LENGTH) for _ in range(5)]

        assert [(count.is_allowed, count.n) for count in counts] == [
            *((True, 1), (True, 2), (True, 3), (False, 3), (False, 3))
        ]

    def test_counts_each_key_by_itself(self, counter):
        counter.count("one", 1, LENGTH)

        assert counter.count("other", 1, LENGTH).is_allowed
        assert not counter.count("one", 1, LENGTH).is_allowed

    def test_says_when_the_oldest_calls_leave(self, counter, clock):
        left = []
        for _ in range(4):
            left.append(counter.count("key", 3, LENGTH).seconds_left)
            clock.now += 10

        assert left == [60, 50, 40, 30]

    def test_lets_no_second_burst_pass_where_two_windows_would_meet(self, counter, clock):
        clock.now += LENGTH - 1
        first = sum(counter.count("key", 100, LENGTH).is_allowed for _ in range(120))
        clock.now += 2

        second = sum(counter.count("key", 100, LENGTH).is_allowed for _ in range(120))

        assert (first, second) == (100, 0)

    def test_gives_the_whole_limit_again_after_a_window(self, counter, clock):
        for _ in range(5):
            counter.count("key", 3, LENGTH)
        clock.now += LENGTH

        assert [counter.count("key", 3, LENGTH).is_allowed for _ in range(4)] == [True] * 3 + [False]

    def test_gives_nearly_the_limit_to_a_caller_who_never_pauses(self, counter, clock):
        n_allowed = 0
        for _ in range(10 * 240):
            n_allowed += counter.count("key", 100, LENGTH).is_allowed
            clock.now += 0.25

        assert 10 * 100 * BUCKETS / (BUCKETS + 1) <= n_allowed <= 10 * 100

    def test_waits_for_enough_calls_to_leave_when_the_limit_was_lowered(self, counter, clock):
        for _ in range(5):
            counter.count("key", 5, LENGTH)
            clock.now += 5

        count = counter.count("key", 2, LENGTH)

        assert not count.is_allowed
        assert count.seconds_left == LENGTH - 25 + 15  # until the fourth of the five has left

    @for_any_counter
    @given(gaps=gaps, limit=st.integers(1, 12))
    def test_allows_no_more_than_the_limit_in_any_window_and_refuses_no_more_than_it_must(
        self, make, gaps, limit
    ):
        clock = Clock()
        counter = make(clock)
        allowed: list[float] = []

        def within(seconds: float) -> int:
            return sum(clock.now - seconds < at for at in allowed)

        for gap in gaps:
            clock.now += gap
            count = counter.count("key", limit, LENGTH)
            if count.is_allowed:
                allowed.append(clock.now)
                assert within(LENGTH) <= count.n <= limit
            else:
                assert within(LENGTH + SHARED) >= limit
            assert 0 < count.seconds_left <= LENGTH

    @for_any_counter
    @given(gaps=gaps, limit=st.integers(1, 12))
    def test_says_truly_when_the_next_call_is_allowed(self, make, gaps, limit):
        clock = Clock()
        counter = make(clock)
        for gap in gaps:
            clock.now += gap
            count = counter.count("key", limit, LENGTH)
        if count.is_allowed:
            while count.is_allowed:
                count = counter.count("key", limit, LENGTH)

        clock.now += count.seconds_left - 1
        early = counter.count("key", limit, LENGTH).is_allowed
        clock.now += 1

        assert not early
        assert counter.count("key", limit, LENGTH).is_allowed
