"""During an outage one thread asks for the server, until it is back."""

import threading

from recsite.postgresql.outage import Outage
from tests.waiting import until


class Server:
    """A server that answers when it is told to, and notes who asks."""

    def __init__(self) -> None:
        self.is_up = threading.Event()
        self.n_asked = 0
        self.n_ended = 0
        self.asked_by: set[int] = set()

    def answers(self) -> bool:
        self.n_asked += 1
        self.asked_by.add(threading.get_ident())
        return self.is_up.wait(0.001)

    def ended(self) -> None:
        self.n_ended += 1

    def outage(self) -> Outage:
        return Outage(self.answers, self.ended, pause_seconds=0.001)


class TestOutage:
    def test_is_not_on_at_first(self):
        assert not Server().outage().is_on

    def test_is_on_until_the_server_answers(self):
        server = Server()
        outage = server.outage()
        outage.begin()
        was_on = outage.is_on

        server.is_up.set()

        until(lambda: not outage.is_on)
        assert (was_on, outage.is_on) == (True, False)

    def test_is_asked_for_by_one_thread_however_often_it_begins(self):
        server = Server()
        outage = server.outage()
        for _ in range(20):
            outage.begin()
        server.is_up.set()
        until(lambda: not outage.is_on)

        assert (len(server.asked_by), server.n_ended) == (1, 1)

    def test_begins_again_after_its_end(self):
        server = Server()
        server.is_up.set()
        outage = server.outage()
        for _ in range(2):
            outage.begin()
            until(lambda: not outage.is_on)

        assert server.n_ended == 2

    def test_ends_when_the_attempts_themselves_fail(self):
        def broken() -> bool:
            raise ZeroDivisionError

        failed: list[object] = []
        outage = Outage(broken, lambda: None)
        hook, threading.excepthook = threading.excepthook, failed.append
        try:
            outage.begin()
            until(lambda: not outage.is_on)
            until(lambda: failed)
        finally:
            threading.excepthook = hook
