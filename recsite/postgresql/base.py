"""The database engine `recsite.postgresql`: Django's, for a server that may be away or silent."""

import select
import threading
from collections.abc import Callable
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, DatabaseError
from django.db.backends.base.base import NO_DB_ALIAS
from django.db.backends.postgresql import base
from psycopg_pool import ConnectionPool, PoolTimeout

from recsite.postgresql.connection import CONNECT_SECONDS, LimitedConnection, WatchedConnection
from recsite.postgresql.outage import Outage

_outages: dict[str, Outage] = {}
_creating = threading.Lock()


def _is_alive(connection: Any) -> bool:
    try:
        ConnectionPool.check_connection(connection)
    except psycopg.OperationalError:
        return False
    return True


def _is_open(connection: Any) -> bool:
    """Return whether the server has not closed the connection. No round trip unless it has sent something."""
    arrived = select.poll()
    arrived.register(connection.fileno(), select.POLLIN)
    return not arrived.poll(0) or _is_alive(connection)


def _taken_on_trust(connection: Any) -> bool:
    return True


class DatabaseWrapper(base.DatabaseWrapper):
    """A database connection from the pool.

    A query checks it when it comes from the pool. `fetch` needs none, since its statement is a check itself,
    and `write` only looks whether the server has closed the connection.
    """

    _check: Callable[[Any], bool] = staticmethod(_is_alive)

    def __init__(self, settings_dict: dict[str, Any], alias: str = DEFAULT_DB_ALIAS) -> None:
        super().__init__(settings_dict, alias)
        if pool := settings_dict["OPTIONS"].get("pool"):
            pool.setdefault("connection_class", WatchedConnection)

    @property
    def outage(self) -> Outage:
        """Return the outage that all connections of this process to the database share."""
        with _creating:
            return _outages.setdefault(self.alias, Outage(self._is_back, self._renew_pool))

    def get_connection_params(self) -> dict[str, Any]:
        """Return the arguments of a new connection. Silence on one of the pool's begins an outage."""
        parameters: dict[str, Any] = super().get_connection_params()
        seconds = parameters.pop("silence_timeout", None)
        if self.alias != NO_DB_ALIAS and self.settings_dict["OPTIONS"].get("pool"):
            parameters |= {"seconds": seconds, "on_silence": self.outage.begin}
        return parameters

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Return a connection. Raises PoolTimeout, at once during an outage."""
        if self.outage.is_on:
            raise PoolTimeout("the database could not be reached a moment ago")
        try:
            connection = super().get_new_connection(conn_params)
            while self.pool and not self._check(connection):
                self.pool.putconn(connection)  # which replaces it
                connection = super().get_new_connection(conn_params)
        except PoolTimeout:
            self.outage.begin()
            raise
        return connection

    def fetch(self, sql: str, params: list[Any]) -> list[tuple[Any, ...]]:
        """Return the rows of a statement that only reads. It is prepared on the server.

        If the connection turns out to be dead, the statement is repeated once on another one. If it was
        silent, an outage has begun, and nothing is repeated.
        """
        try:
            return self._prepared(sql, params, _taken_on_trust)
        except DatabaseError as error:
            if self.in_atomic_block or self.outage.is_on or not self._is_useless(error):
                raise
            self.close()
        return self._prepared(sql, params, _is_alive)

    def write(self, sql: str, params: list[Any]) -> list[tuple[Any, ...]]:
        """Return the rows of a statement that writes, which commits by itself unless a transaction is open.

        It is prepared on the server and takes one round trip. It is never repeated: if its connection breaks,
        nobody knows whether it was committed.
        """
        return self._prepared(sql, params, _is_open)

    def _prepared(self, sql: str, params: list[Any], check: Callable[[Any], bool]) -> list[tuple[Any, ...]]:
        """Return the rows of a statement. check: whether a connection from the pool can be used"""
        self._check = check
        try:
            self.ensure_connection()
        finally:
            del self._check
        self.validate_no_broken_transaction()
        with self.wrap_database_errors, psycopg.Cursor(self.connection) as cursor:
            return cursor.execute(sql, params, prepare=True).fetchall()

    def _is_useless(self, error: DatabaseError) -> bool:
        """Return whether another connection may succeed; close this one."""
        connection: Any = self.connection
        # A migration has changed a table whose statements were prepared.
        if connection is not None and isinstance(error.__cause__, psycopg.errors.FeatureNotSupported):
            connection.close()
        return connection is not None and bool(connection.closed)

    def _is_back(self) -> bool:
        """Return whether the server answers a new connection within a few seconds."""
        parameters = super().get_connection_params() | {"connect_timeout": CONNECT_SECONDS}
        parameters.pop("silence_timeout", None)
        try:
            with LimitedConnection.connect(**parameters) as connection:
                connection.execute("SELECT 1")
        except psycopg.Error:
            return False
        return True

    def _renew_pool(self) -> None:
        """Replace the pool's connections, some of which may be dead without anybody having been told."""
        pools: dict[str, ConnectionPool] = self._connection_pools  # type: ignore[attr-defined]
        if self.alias in pools and not pools[self.alias].closed:
            pools[self.alias].drain()
