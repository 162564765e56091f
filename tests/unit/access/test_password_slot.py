"""Of the threads that want to hash, one hashes, at most one waits, and the others are refused at once."""

from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event

import pytest

from access.errors import TooManyPasswords
from access.password_slot import PasswordSlot
from tests.waiting import PATIENCE_SECONDS, until


def hashed(slot: PasswordSlot, started: Event, released: Event) -> str:
    """Hold the slot until `released`, as a hash does."""
    try:
        with slot.taken():
            started.set()
            assert released.wait(PATIENCE_SECONDS)
            return "hashed"
    except TooManyPasswords:
        return "refused"


def outcomes(slot: PasswordSlot, n: int, *, n_waiting: int) -> Counter[str]:
    """Return what becomes of n threads of which the first hashes until all others are refused or wait."""
    started, released = Event(), Event()
    with ThreadPoolExecutor(n) as pool:
        threads: list[Future[str]] = [pool.submit(hashed, slot, started, released)]
        assert started.wait(PATIENCE_SECONDS)
        threads += [pool.submit(hashed, slot, started, released) for _ in range(n - 1)]
        until(lambda: sum(thread.done() for thread in threads) == n - 1 - n_waiting)
        released.set()
    return Counter(thread.result() for thread in threads)


class TestPasswordSlot:
    def test_lets_one_hash_and_one_wait(self):
        slot = PasswordSlot(may_wait=True, wait_seconds=PATIENCE_SECONDS)

        assert outcomes(slot, 16, n_waiting=1) == {"hashed": 2, "refused": 14}

    def test_lets_nobody_wait_where_a_thread_is_needed_for_others(self):
        assert outcomes(PasswordSlot(may_wait=False), 16, n_waiting=0) == {"hashed": 1, "refused": 15}

    def test_refuses_who_has_waited_too_long(self):
        slot = PasswordSlot(may_wait=True, wait_seconds=0.01)

        assert outcomes(slot, 2, n_waiting=0) == {"hashed": 1, "refused": 1}

    def test_is_free_again_after_an_error(self):
        slot = PasswordSlot(may_wait=False)
        with pytest.raises(KeyError), slot.taken():
            raise KeyError

        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(lambda: outcomes(slot, 1, n_waiting=0)).result() == {"hashed": 1}

    def test_may_be_taken_again_by_its_holder(self):
        slot = PasswordSlot(may_wait=False)

        with slot.taken(), slot.taken():
            pass
