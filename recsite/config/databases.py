"""Turns the address of a database into Django's settings of it: how each kind is spoken to."""

from dataclasses import dataclass
from typing import Any

SQLITE = "django.db.backends.sqlite3"
POSTGRESQL = "django.db.backends.postgresql"


@dataclass(frozen=True, slots=True)
class PoolSize:
    """How many connections to PostgreSQL a process keeps, and how long a request waits for one."""

    least: int
    most: int
    patience_seconds: float


def configured(address: dict[str, Any], pool: PoolSize) -> dict[str, Any]:
    """Return Django's settings of the database. What the address says itself (`?sslmode=require`) wins."""
    own: dict[str, Any] = address.get("OPTIONS", {})
    connected: dict[str, Any] = {"CONN_MAX_AGE": None}
    if address["ENGINE"] == SQLITE:
        return {**address, **connected, "OPTIONS": {**_sqlite(), **own}}
    if address["ENGINE"] == POSTGRESQL:
        # The pool keeps the connections, and looks at one before it gives it away, so that none which a
        # restarted server has closed reaches a request.
        connected = {"ENGINE": "recsite.postgresql", "CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": True}
        return {**address, **connected, "OPTIONS": {**_postgresql(pool), **own}}
    return {**address, **connected}


def _sqlite() -> dict[str, Any]:
    return {
        # Readers never wait for the writer; a writer waits its turn instead of failing half-way through.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA mmap_size=268435456; PRAGMA cache_size=-16000;",
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
    }


def _postgresql(pool: PoolSize) -> dict[str, Any]:
    return {
        "pool": {
            "min_size": pool.least,
            "max_size": pool.most,
            "timeout": pool.patience_seconds,
            # Then the pool gives up, and tries at once when the next request wants a connection: later
            # attempts of its own come ever more seldom, and would find a server late that is back.
            "reconnect_timeout": 1,
        },
        "connect_timeout": 5,
        "application_name": "shop-recommendations",
    }
