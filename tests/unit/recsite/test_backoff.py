"""After a failure, one caller per interval may try."""

from recsite.cache.backoff import Backoff


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class TestBackoff:
    def test_allows_every_attempt_without_failures(self):
        backoff = Backoff(1.0)

        assert [backoff.may_try() for _ in range(3)] == [True, True, True]

    def test_allows_none_just_after_a_failure(self):
        backoff = Backoff(1.0, Clock())

        backoff.record_failure()

        assert not backoff.may_try()

    def test_allows_one_per_interval_after_a_failure(self):
        clock = Clock()
        backoff = Backoff(1.0, clock)
        backoff.record_failure()
        clock.now += 1.0

        assert [backoff.may_try() for _ in range(3)] == [True, False, False]

    def test_allows_every_attempt_again_after_a_success(self):
        backoff = Backoff(1.0, Clock())
        backoff.record_failure()

        backoff.record_success()

        assert [backoff.may_try() for _ in range(3)] == [True, True, True]
