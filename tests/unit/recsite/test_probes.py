"""Concurrent probes, some of which hang."""

import logging
from itertools import chain, repeat
from threading import Event, Semaphore

import pytest

from recsite.http.probes import FAILED, NO_ANSWER, OK, Probes
from tests.waiting import PATIENCE_SECONDS


def fails() -> None:
    raise RuntimeError("gone")


class TestProbes:
    def test_say_of_each_what_became_of_it(self):
        assert Probes({"a": lambda: None, "b": fails}, seconds=PATIENCE_SECONDS)() == {"a": OK, "b": FAILED}

    def test_wait_no_longer_than_they_may_for_all_together(self):
        never = Event()
        probes = Probes({"a": never.wait, "b": never.wait, "c": lambda: None}, seconds=0.05)

        found = probes()
        while found["c"] != OK:  # a busy machine may not have come to it in time
            found = probes()
        never.set()

        assert found == {"a": NO_ANSWER, "b": NO_ANSWER, "c": OK}

    def test_begin_nothing_anew_that_still_hangs(self):
        never, begun = Event(), Semaphore(0)

        def hang() -> None:
            begun.release()
            never.wait()

        probes = Probes({"a": hang}, seconds=0.01, given_up_after_seconds=3_600)
        first = probes()
        assert begun.acquire(timeout=PATIENCE_SECONDS)
        found = [first, probes(), probes()]
        never.set()

        assert found == [{"a": NO_ANSWER}] * 3
        assert not begun.acquire(blocking=False)

    def test_give_up_what_hangs_since_all_may_be_well_again(self):
        never, looks = Event(), chain([True], repeat(False))
        probes = Probes({"a": lambda: next(looks) and never.wait()}, seconds=0.5, given_up_after_seconds=0.0)

        assert probes() == {"a": NO_ANSWER}
        while probes() != {"a": OK}:  # a busy machine may not come to it in time
            pass
        never.set()

    def test_let_only_so_many_hang(self, monkeypatch: pytest.MonkeyPatch):
        never, begun = Event(), Semaphore(0)
        monkeypatch.setattr(Probes, "MOST_AT_ONCE", 2)
        probes = Probes(
            {"a": lambda: begun.release() or never.wait()}, seconds=0.01, given_up_after_seconds=0.0
        )

        found = [probes() for _ in range(5)]

        assert all(begun.acquire(timeout=PATIENCE_SECONDS) for _ in range(2))
        never.set()
        assert found == [{"a": NO_ANSWER}] * 5
        assert not begun.acquire(blocking=False)

    def test_log_only_what_changes(self, caplog: pytest.LogCaptureFixture):
        well = [True]

        def look() -> None:
            if not well[0]:
                fails()

        caplog.set_level(logging.INFO, "recsite.http.probes")
        probes = Probes({"cache": look}, seconds=PATIENCE_SECONDS)
        for well[0] in (True, False, False, True):
            probes()

        reported = [record.getMessage() for record in caplog.records if "check" not in record.getMessage()]
        assert reported == ["The cache is not healthy: failed.", "The cache is healthy again."]
