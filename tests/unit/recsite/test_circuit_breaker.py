"""During an outage one call per rest period is tried, and the log has one line for its beginning and end."""

import logging

import pytest

from recsite.cache.circuit_breaker import CircuitBreaker


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> CircuitBreaker:
    return CircuitBreaker("It is away.", 1.0, clock)


class TestCircuitBreaker:
    def test_has_one_try_a_rest_while_it_lasts(self, breaker: CircuitBreaker, clock: Clock):
        breaker.record_failure(OSError())
        during = breaker.may_try()
        clock.now += 1.0

        assert [during, breaker.may_try(), breaker.may_try()] == [False, True, False]

    def test_lets_everybody_try_once_one_worked(self, breaker: CircuitBreaker):
        breaker.record_failure(OSError())

        breaker.record_success()

        assert [breaker.may_try() for _ in range(3)] == [True, True, True]

    def test_is_told_once_though_it_comes_and_goes(self, breaker: CircuitBreaker, clock: Clock, caplog):
        for _ in range(5):
            breaker.record_failure(OSError())
            breaker.record_success()
            clock.now += 1.0

        assert [record.getMessage() for record in caplog.records] == ["It is away. (OSError)"]

    def test_is_over_when_nothing_has_failed_for_some_time(
        self, breaker: CircuitBreaker, clock: Clock, caplog
    ):
        caplog.set_level(logging.INFO)
        breaker.record_failure(OSError())
        clock.now += 5.0
        for _ in range(3):
            breaker.record_success()

        assert len(caplog.records) == 2
        assert "1 calls failed in 5 s" in caplog.text
        assert not breaker.is_open
