"""While a server is away, one at a time waits for it."""

from recsite.postgresql.backoff import Backoff


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class TestPatience:
    def test_lets_everybody_wait_while_all_is_well(self):
        patience = Backoff(1.0)

        assert [patience.is_worth_it() for _ in range(3)] == [True, True, True]

    def test_lets_nobody_wait_just_after_somebody_waited_in_vain(self):
        patience = Backoff(1.0, Clock())

        patience.was_in_vain()

        assert not patience.is_worth_it()

    def test_lets_one_try_when_some_time_has_passed(self):
        clock = Clock()
        patience = Backoff(1.0, clock)
        patience.was_in_vain()
        clock.now += 1.0

        assert [patience.is_worth_it() for _ in range(3)] == [True, False, False]

    def test_lets_everybody_wait_again_once_one_was_rewarded(self):
        patience = Backoff(1.0, Clock())
        patience.was_in_vain()

        patience.was_rewarded()

        assert [patience.is_worth_it() for _ in range(3)] == [True, True, True]
