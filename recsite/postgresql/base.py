"""The database engine `recsite.postgresql`: Django's, but few requests wait while the server is away."""

from typing import Any

from django.db.backends.postgresql import base
from psycopg_pool import PoolTimeout

from recsite.postgresql.backoff import Backoff

# How long connections are refused at once after a timeout: long enough for waiting requests to finish.
BACKOFF_SECONDS = 1.0
_backoffs: dict[str, Backoff] = {}


class DatabaseWrapper(base.DatabaseWrapper):
    """A database connection from the pool."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Return a connection. Raises PoolTimeout, at once if another request has just timed out."""
        backoff = _backoffs.setdefault(self.alias, Backoff(BACKOFF_SECONDS))
        if not backoff.may_try():
            raise PoolTimeout("the database could not be reached a moment ago")
        try:
            connection = super().get_new_connection(conn_params)
        except PoolTimeout:
            backoff.record_failure()
            raise
        backoff.record_success()
        return connection
