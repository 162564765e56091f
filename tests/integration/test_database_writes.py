"""Whether the database takes writes, as /health/ready tells it."""

import sqlite3
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, InternalError, OperationalError, connection, connections

from recsite import database_writes
from recsite.database_writes import Writes, WritesRefused


def caused(kind: type[DatabaseError], cause: Exception) -> DatabaseError:
    error = kind("refused")
    error.__cause__ = cause
    return error


def full() -> DatabaseError:
    return caused(OperationalError, psycopg.errors.DiskFull("could not extend file"))


class TestNote:
    @pytest.mark.parametrize(
        "error", [full(), caused(InternalError, psycopg.errors.ReadOnlySqlTransaction("a standby"))]
    )
    def test_knows_that_nothing_can_be_written(self, error: DatabaseError):
        assert Writes().note(error)

    @pytest.mark.parametrize(
        "error", [None, ValueError(), caused(OperationalError, psycopg.errors.AdminShutdown("stopped"))]
    )
    def test_knows_other_errors_by_their_causes(self, error: Exception | None):
        assert not Writes().note(error)


@pytest.mark.django_db(transaction=True)
class TestCheck:
    def test_asks_nothing_while_writes_succeed(self, django_assert_num_queries: Any):
        with django_assert_num_queries(0):
            Writes().check()

    def test_tries_after_a_refusal_until_a_write_succeeds(self):
        writes = Writes()
        writes.note(full())

        with connections["default"].execute_wrapper(refuse), pytest.raises(OperationalError):
            writes.check()
        writes.check()

        with connections["default"].execute_wrapper(refuse):
            writes.check()  # without a query

    @pytest.mark.skipif(connection.vendor != "postgresql", reason="sets a role of PostgreSQL to read-only")
    def test_fails_on_a_standby(self):
        writes = Writes()
        writes.note(full())
        with connection.cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = on")
            try:
                with pytest.raises(InternalError, match="read-only"):
                    writes.check()
            finally:
                cursor.execute("SET default_transaction_read_only = off")

        writes.check()


def refuse(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    raise OperationalError("refused")


class TestFile:
    def test_may_be_written(self, tmp_path: Path):
        path = tmp_path / "shop.sqlite3"
        sqlite3.connect(path).close()

        database_writes._check_file(path)

    def test_must_have_room(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        path = tmp_path / "shop.sqlite3"
        path.touch()
        monkeypatch.setattr(database_writes, "LEAST_FREE_BYTES", 2**62)

        with pytest.raises(WritesRefused, match="the disk of the database is full"):
            database_writes._check_file(path)

    def test_must_exist(self, tmp_path: Path):
        with pytest.raises(WritesRefused, match="cannot be written"):
            database_writes._check_file(tmp_path / "gone.sqlite3")
