"""What is away is tried now and then, and told of once."""

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
def outage(clock: Clock) -> CircuitBreaker:
    return CircuitBreaker("It is away.", 1.0, clock)


class TestOutage:
    def test_has_one_try_a_rest_while_it_lasts(self, outage: CircuitBreaker, clock: Clock):
        outage.failed(OSError())
        during = outage.may_try()
        clock.now += 1.0

        assert [during, outage.may_try(), outage.may_try()] == [False, True, False]

    def test_lets_everybody_try_once_one_worked(self, outage: CircuitBreaker):
        outage.failed(OSError())

        outage.worked()

        assert [outage.may_try() for _ in range(3)] == [True, True, True]

    def test_is_told_once_though_it_comes_and_goes(self, outage: CircuitBreaker, clock: Clock, caplog):
        for _ in range(5):
            outage.failed(OSError())
            outage.worked()
            clock.now += 1.0

        assert [record.getMessage() for record in caplog.records] == ["It is away. (OSError)"]

    def test_is_over_when_nothing_has_failed_for_some_time(
        self, outage: CircuitBreaker, clock: Clock, caplog
    ):
        caplog.set_level(logging.INFO)
        outage.failed(OSError())
        clock.now += 5.0
        for _ in range(3):
            outage.worked()

        assert len(caplog.records) == 2
        assert "1 tries failed in 5 s" in caplog.text
        assert not outage.is_on
