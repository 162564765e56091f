"""The advice for errors of PostgreSQL and SQLite that are hard to bring about."""

import sqlite3

import psycopg
import pytest
from django.db import DatabaseError, InterfaceError, OperationalError, ProgrammingError
from psycopg import errors

from recsite.database_errors import FULL, LOCKED, MIGRATE, NO_SERVER, READ_ONLY, explained


def raised(kind: type[DatabaseError], cause: Exception) -> DatabaseError:
    """Return the error as Django raises it."""
    error = kind(*cause.args)
    error.__cause__ = cause
    return error


class TestExplained:
    @pytest.mark.parametrize(
        ("kind", "cause", "advice"),
        [
            (ProgrammingError, errors.UndefinedTable, MIGRATE),
            (ProgrammingError, errors.UndefinedColumn, MIGRATE),
            (OperationalError, errors.DiskFull, FULL),
            (OperationalError, errors.LockNotAvailable, LOCKED),
            (OperationalError, errors.DeadlockDetected, LOCKED),
            (OperationalError, errors.ReadOnlySqlTransaction, READ_ONLY),
            (OperationalError, errors.InvalidCatalogName, NO_SERVER),
            (OperationalError, errors.InvalidPassword, NO_SERVER),
            (OperationalError, errors.AdminShutdown, NO_SERVER),
            (OperationalError, psycopg.OperationalError, NO_SERVER),
        ],
    )
    def test_ends_with_the_advice_for_postgresql(self, kind, cause, advice):
        assert explained(raised(kind, cause("it failed"))).endswith(f": it failed. {advice}")

    @pytest.mark.parametrize(
        ("kind", "cause"),
        [
            (ProgrammingError, errors.SyntaxError),
            (InterfaceError, psycopg.InterfaceError),
            (DatabaseError, sqlite3.DatabaseError),
        ],
    )
    def test_is_the_message_alone_for_anything_else(self, kind, cause):
        assert explained(raised(kind, cause("it failed."))).endswith(": it failed.")

    def test_needs_no_cause(self):
        assert explained(DatabaseError("it failed")).endswith(": it failed.")

    def test_is_one_line(self):
        assert ": it failed LINE 1: SELECT ^." in explained(DatabaseError("it failed\nLINE 1: SELECT\n   ^"))
