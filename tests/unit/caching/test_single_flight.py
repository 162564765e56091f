"""SingleFlight: one thread works, the others wait, no longer than their patience."""

from threading import Barrier, Event, Thread

import pytest

from recommendations.caching.local import SingleFlight
from tests.waiting import PATIENCE_SECONDS


class TestSingleFlight:
    def test_admits_the_first_thread_at_once(self):
        with SingleFlight(PATIENCE_SECONDS)("key") as has_waited:
            assert not has_waited

    def test_admits_another_key_at_once(self):
        flight = SingleFlight(PATIENCE_SECONDS)

        with flight("one"), flight("other") as has_waited:
            assert not has_waited

    def test_makes_the_others_wait_until_the_first_has_finished(self):
        flight, is_in, may_go = SingleFlight(PATIENCE_SECONDS), Event(), Event()
        seen: list[str] = []

        def first() -> None:
            with flight("key"):
                is_in.set()
                may_go.wait(PATIENCE_SECONDS)
                seen.append("first")

        def other() -> None:
            is_in.wait(PATIENCE_SECONDS)
            with flight("key") as has_waited:
                seen.append(f"other, {has_waited}")

        threads = [Thread(target=first), Thread(target=other)]
        for thread in threads:
            thread.start()
        is_in.wait(PATIENCE_SECONDS)
        may_go.set()
        for thread in threads:
            thread.join()

        assert seen == ["first", "other, True"]

    def test_makes_no_thread_wait_longer_than_its_patience(self):
        flight = SingleFlight(0.01)

        with flight("key"), flight("key") as has_waited:
            assert has_waited

    def test_admits_the_next_thread_after_an_error(self):
        flight = SingleFlight(PATIENCE_SECONDS)
        with pytest.raises(ZeroDivisionError), flight("key"):
            raise ZeroDivisionError

        with flight("key") as has_waited:
            assert not has_waited

    def test_forgets_finished_work(self):
        flight, together = SingleFlight(0.01), Barrier(4)

        def pass_through() -> None:
            together.wait(PATIENCE_SECONDS)
            for n in range(50):
                with flight(n):
                    pass

        threads = [Thread(target=pass_through) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert flight._in_flight == {}
