"""Django's settings of a database, made from its parsed URL."""

from dataclasses import dataclass
from typing import Any

SQLITE = "django.db.backends.sqlite3"
POSTGRESQL = "django.db.backends.postgresql"


@dataclass(frozen=True, slots=True)
class PoolSize:
    """The least and most connections to PostgreSQL of a process.

    timeout_seconds:         how long a request waits for one
    silence_timeout_seconds: how long anything waits for a server that sends nothing
    is_preparing:            whether the server prepares the statements of the hot path
    """

    min_size: int
    max_size: int
    timeout_seconds: float
    silence_timeout_seconds: float
    is_preparing: bool = True


def configured(address: dict[str, Any], pool: PoolSize) -> dict[str, Any]:
    """Return Django's settings of the database. Options in its URL (`?sslmode=require`) take precedence."""
    own: dict[str, Any] = address.get("OPTIONS", {})
    connected: dict[str, Any] = {"CONN_MAX_AGE": None}
    if address["ENGINE"] == SQLITE:
        return {**address, **connected, "ENGINE": "recsite.sqlite", "OPTIONS": {**_sqlite(), **own}}
    if address["ENGINE"] == POSTGRESQL:
        # The pool keeps the connections. The engine checks those that a restarted server may have closed.
        connected = {"ENGINE": "recsite.postgresql", "CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": False}
        return {**address, **connected, "OPTIONS": {**_postgresql(pool), **own}}
    return {**address, **connected}


def _sqlite() -> dict[str, Any]:
    return {
        # Readers never wait for the writer. A writer waits for the lock at the start of its transaction
        # instead of failing in the middle.
        # Each thread of each process has 8 MB for pages; the system keeps the rest of the file.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA cache_size=-8000;",
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
    }


def _postgresql(pool: PoolSize) -> dict[str, Any]:
    return {
        "silence_timeout": pool.silence_timeout_seconds,
        "pool": {
            "min_size": pool.min_size,
            "max_size": pool.max_size,
            "timeout": pool.timeout_seconds,
            # The pool gives up after this and tries again when a request wants a connection: its own retries
            # become less and less frequent, and would notice late that the server is back.
            "reconnect_timeout": 1,
        },
        "prepare_threshold": 5 if pool.is_preparing else None,
        "connect_timeout": 5,
        "application_name": "shop-recommendations",
    }
