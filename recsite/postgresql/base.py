"""Django's PostgreSQL, but that few wait while the server is away: the engine `recsite.postgresql`."""

from typing import Any

from django.db.backends.postgresql import base
from psycopg_pool import PoolTimeout

from recsite.postgresql.backoff import Backoff

# For how long others are refused at once after somebody waited in vain: long enough for a line to dissolve.
REFUSED_SECONDS = 1.0
_patience: dict[str, Backoff] = {}


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection from the pool."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Return a connection. Raises PoolTimeout, at once if somebody has just waited in vain for one."""
        patience = _patience.setdefault(self.alias, Backoff(REFUSED_SECONDS))
        if not patience.is_worth_it():
            raise PoolTimeout("the database could not be reached a moment ago")
        try:
            connection = super().get_new_connection(conn_params)
        except PoolTimeout:
            patience.was_in_vain()
            raise
        patience.was_rewarded()
        return connection
