"""Connections of this process to a PostgreSQL that is not the test database, from a pool of their own."""

from recsite.config.databases import PoolSize, configured
from recsite.config.variables import Variables
from recsite.postgresql.base import DatabaseWrapper


def pooled(url: str, size: PoolSize, alias: str) -> DatabaseWrapper:
    """Return a connection, not yet open. Those of one alias share a pool."""
    address = Variables({"DATABASE_URL": url}).db_url("DATABASE_URL", default="")
    defaults = {"TIME_ZONE": None, "ATOMIC_REQUESTS": False, "AUTOCOMMIT": True, "TEST": {}}
    return DatabaseWrapper({**defaults, **configured(address, size)}, alias=alias)
