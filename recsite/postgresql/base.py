"""The database engine `recsite.postgresql`: Django's, for a server that may be away or silent."""

import threading
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS
from django.db.backends.base.base import NO_DB_ALIAS
from django.db.backends.postgresql import base
from psycopg_pool import ConnectionPool, PoolTimeout

from recsite.postgresql.connection import CONNECT_SECONDS, LimitedConnection, WatchedConnection
from recsite.postgresql.outage import Outage

_outages: dict[str, Outage] = {}
_creating = threading.Lock()


class DatabaseWrapper(base.DatabaseWrapper):
    """A database connection from the pool."""

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
            return super().get_new_connection(conn_params)
        except PoolTimeout:
            self.outage.begin()
            raise

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
