"""Connections to PostgreSQL that end when the server falls silent, instead of waiting for it for ever."""

import time
from collections.abc import Callable, Generator
from typing import Any, Self

import psycopg
from psycopg.abc import PQGen
from psycopg.errors import _WaitTimeout

CONNECT_SECONDS = 2  # the least that libpq knows
# A backend that has been idle for so long is not about to answer.
_IDLE = """
    SELECT state LIKE 'idle%%' AND clock_timestamp() - state_change > '1 s'
    FROM pg_stat_activity WHERE pid = %s
"""


class ServerSilent(psycopg.OperationalError):
    """The server accepts data, or did once, and nothing comes back."""


class LimitedConnection(psycopg.Connection[Any]):
    """A connection each of whose waits is limited. seconds: the limit of a wait"""

    seconds: float = CONNECT_SECONDS

    def wait(self, gen: PQGen[Any], interval: float = 0.1, timeout: float | None = None) -> Any:
        """Wait for the server. Raises ServerSilent, and closes the connection, after the limit."""
        try:
            return super().wait(gen, interval, self.seconds if timeout is None else timeout)
        except _WaitTimeout:
            if timeout is not None:
                raise
            raise self._silent() from None

    def _silent(self) -> ServerSilent:
        self.pgconn.finish()
        return ServerSilent(f"the server has not answered for {self.seconds:g} seconds")


class WatchedConnection(LimitedConnection):
    """A connection that waits for a slow statement, but not for a server that is silent.

    When nothing has come for half of `seconds`, another connection asks the server whether this one's backend
    is still at work. So a frozen server, a cut network and a stalled proxy are noticed within `seconds`, and
    a statement may take as long as it needs. (The kernel's keepalives notice only a kernel that is silent,
    and `statement_timeout` only works in a server that runs.)

    on_silence: called before ServerSilent is raised
    """

    on_silence: Callable[[], None]

    @classmethod
    def connect(  # type: ignore[override]
        cls, conninfo: str = "", *, seconds: float = 5.0, on_silence: Callable[[], None], **kwargs: Any
    ) -> Self:
        """Return a new connection. Raises psycopg.OperationalError."""
        connection = super().connect(conninfo, **kwargs)
        connection.seconds = seconds
        connection.on_silence = on_silence
        return connection

    def wait(self, gen: PQGen[Any], interval: float = 0.1, timeout: float | None = None) -> Any:
        """Wait for the server. Raises ServerSilent, and closes the connection, when it is silent."""
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        waited: PQGen[Any] = gen
        while True:
            try:
                return super().wait(waited, interval, self.seconds / 2)
            except _WaitTimeout:
                if not self._is_at_work():
                    self.on_silence()
                    raise self._silent() from None
                waited = _resumed(gen)

    def _is_at_work(self) -> bool:
        """Return whether the server says that this connection's backend is at work, or cannot say."""
        deadline = time.monotonic() + self.seconds / 2
        parameters: dict[str, Any] = {**self.info.get_parameters(), "password": self.info.password}
        parameters |= {"connect_timeout": CONNECT_SECONDS, "application_name": "is it at work?"}
        try:
            with LimitedConnection.connect(**parameters, autocommit=True) as other:
                other.seconds = max(0.1, deadline - time.monotonic())
                row = other.execute(_IDLE, [self.info.backend_pid]).fetchone()
        except psycopg.Error:
            return False
        return row is None or not row[0]


def _resumed(gen: PQGen[Any]) -> Generator[Any, Any, Any]:
    """Return a generator that goes on where the waiting for `gen` stopped."""
    try:
        wanted = gen.send(psycopg.waiting.READY_NONE)
        while True:
            ready = yield wanted
            wanted = gen.send(ready)
    except StopIteration as end:
        return end.value
