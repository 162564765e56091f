"""Explanations of database errors for the command line: the database, its message, and advice."""

import sqlite3
from typing import Any

from django.db import DatabaseError, OperationalError, connections

MIGRATE = "Its tables are missing or out of date: run `python manage.py migrate`."
NO_FILE = (
    "Check the path in DATABASE_URL: the directory must exist and be accessible to the user who runs this."
)
NO_SERVER = "Check DATABASE_URL, and that the server runs and accepts connections."
READ_ONLY = "It rejects writes: check the permissions of the file or the role, and that it is not a standby."
FULL = "Free space on the disk that holds it, then run the command again."
LOCKED = "Another process is writing to it: wait until it has finished, then run the command again."

# The primary result codes of SQLite: https://www.sqlite.org/rescode.html
_SQLITE = {
    sqlite3.SQLITE_CANTOPEN: NO_FILE,
    sqlite3.SQLITE_NOTADB: NO_FILE,
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_BUSY: LOCKED,
    sqlite3.SQLITE_LOCKED: LOCKED,
}
# Prefixes of SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRESQL = {
    "42P01": MIGRATE,  # undefined_table
    "42703": MIGRATE,  # undefined_column
    "08": NO_SERVER,  # connection_exception
    "28": NO_SERVER,  # invalid_authorization_specification
    "3D000": NO_SERVER,  # the database does not exist
    "57P": NO_SERVER,  # it is shutting down or starting
    "25006": READ_ONLY,  # read_only_sql_transaction
    "53100": FULL,  # disk_full
    "40P01": LOCKED,  # deadlock_detected
    "55P03": LOCKED,  # lock_not_available
}


def explained(error: DatabaseError, alias: str = "default") -> str:
    """Return one line with the database, its message, and advice if there is any. No query."""
    message = " ".join(str(error).split()).rstrip(".")
    return f"{_name(alias)}: {message}. {advice(error)}".rstrip()


def _name(alias: str) -> str:
    connection: Any = connections[alias]
    address = connection.settings_dict
    server = f" on {address['HOST']}:{address['PORT'] or 5432}" if address["HOST"] else ""
    return f"{connection.display_name} database {address['NAME']}{server}"


def advice(error: DatabaseError) -> str:
    """Return what to do about the error, or ''. No query."""
    cause = error.__cause__
    if isinstance(cause, sqlite3.Error):
        if str(cause).startswith(("no such table", "no such column")) or "has no column named" in str(cause):
            return MIGRATE
        return _SQLITE.get(getattr(cause, "sqlite_errorcode", 0) & 0xFF, "")
    state: str | None = getattr(cause, "sqlstate", None)
    if state is None:  # psycopg has none if no server responded
        return NO_SERVER if isinstance(error, OperationalError) else ""
    return next((advice for start, advice in _POSTGRESQL.items() if state.startswith(start)), "")
