"""`manage.py` when the database fails: one line that names it, repeats its message and says what to do."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from django.db import connections
from django.db.utils import ConnectionHandler

import manage
from recsite.config import databases, env
from stack.processes import free_port
from tests.database_files import DatabaseFiles

COMMANDS = [("import_shop", "data/example_shop"), ("generate_recommendations",), ("show_recommendation",)]
MIGRATE = "Its tables are missing or out of date: run `python manage.py migrate`."


def ran(address: str, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=env.ROOT,
        env={
            "PATH": os.environ["PATH"],
            "ENV_FILE": os.devnull,
            "SECRET_KEY": "tests-only-" + "x" * 50,
            "DATABASE_URL": address,
            "DB_POOL_TIMEOUT_SECONDS": "0.2",
        },
        capture_output=True,
        text=True,
        check=False,
    )


def refusal(address: str, *command: str) -> str:
    """Return the one line that the command ends with, as a process of its own."""
    process = ran(address, *command)
    assert process.returncode == 1
    assert "Traceback" not in process.stderr
    assert "make demo" not in process.stderr
    return process.stderr.splitlines()[-1]


def sqlite(path: Path, **options: str) -> str:
    query = "&".join(f"{name}={quote(value)}" for name, value in options.items())
    return f"sqlite:///{path}?{query}"


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch, django_db_blocker: Any) -> Iterator[Callable[..., str]]:
    """A function that returns the line with which `manage.py` ends in this process, on another database."""
    usual = connections["default"]

    def ends(address: str, *command: str) -> str:
        monkeypatch.setenv("DATABASE_URL", address)
        database = databases.configured(env.read().database, databases.PoolSize(1, 1, 0.2, 1))
        connections["default"] = ConnectionHandler({"default": database})["default"]
        monkeypatch.setattr(sys, "argv", ["manage.py", *command])
        with pytest.raises(SystemExit) as end, django_db_blocker.unblock():
            manage.main()
        return str(end.value)

    monkeypatch.chdir(env.ROOT)
    monkeypatch.setenv("ENV_FILE", os.devnull)
    yield ends
    connections["default"] = usual


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, database_files: DatabaseFiles) -> Path:
    """A database with all tables."""
    return database_files.migrated(tmp_path_factory.mktemp("shop") / "shop.sqlite3")


class TestSQLite:
    @pytest.fixture
    def writing(self, shop: Path) -> Iterator[None]:
        """Another process is writing to it, and does not finish."""
        with closing(sqlite3.connect(shop, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield

    @pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
    def test_without_tables_needs_to_be_migrated(
        self, refused: Callable[..., str], tmp_path: Path, command: tuple[str, ...]
    ):
        path = tmp_path / "empty.sqlite3"

        output = refused(sqlite(path), *command)

        assert output.startswith(f"SQLite database {path}: no such table: ")
        assert output.endswith(f". {MIGRATE}")

    def test_without_a_column_needs_to_be_migrated(
        self, refused: Callable[..., str], shop: Path, tmp_path: Path
    ):
        path = tmp_path / "old.sqlite3"
        path.write_bytes(shop.read_bytes())
        with closing(sqlite3.connect(path)) as old:
            old.execute("ALTER TABLE catalog_product RENAME COLUMN stock TO former")

        output = refused(sqlite(path), "generate_recommendations")

        assert "no such column: " in output
        assert output.endswith(f". {MIGRATE}")

    def test_that_cannot_be_opened_may_have_a_wrong_path(self, refused: Callable[..., str], tmp_path: Path):
        path = tmp_path / "nowhere" / "shop.sqlite3"

        assert refused(sqlite(path), "generate_recommendations") == (
            f"SQLite database {path}: unable to open database file. Check the path in DATABASE_URL: "
            "the directory must exist and be accessible to the user who runs this."
        )

    def test_that_is_none_may_have_a_wrong_path(self, refused: Callable[..., str], tmp_path: Path):
        path = tmp_path / "notes.txt"
        path.write_text("This is no database. " * 50)

        output = refused(sqlite(path), "generate_recommendations")

        assert output.startswith(f"SQLite database {path}: file is not a database. Check the path")

    def test_that_is_read_only_accepts_no_writes(self, refused: Callable[..., str], shop: Path):
        # Root may write to any file, so the file's permissions would not do.
        output = refused(sqlite(shop, init_command="PRAGMA query_only=1"), *COMMANDS[0])

        assert output.startswith(f"SQLite database {shop}: attempt to write a readonly database. ")
        assert "check the permissions" in output

    def test_on_a_full_disk_needs_space(self, refused: Callable[..., str], shop: Path):
        output = refused(sqlite(shop, init_command="PRAGMA max_page_count=1"), *COMMANDS[0])

        assert output == (
            f"SQLite database {shop}: database or disk is full. "
            "Free space on the disk that holds it, then run the command again."
        )

    @pytest.mark.usefixtures("writing")
    def test_that_is_locked_has_another_writer(self, refused: Callable[..., str], shop: Path):
        output = refused(sqlite(shop, timeout="0"), *COMMANDS[0])

        assert output.startswith(
            f"SQLite database {shop}: database is locked. Another process is writing to it"
        )

    def test_ends_a_process_with_one_line(self, tmp_path: Path):
        path = tmp_path / "empty.sqlite3"

        output = refusal(sqlite(path), *COMMANDS[0])

        assert output.startswith(f"SQLite database {path}: no such table: ")

    def test_shows_where_it_happened_when_asked(self, tmp_path: Path):
        process = ran(sqlite(tmp_path / "empty.sqlite3"), "show_recommendation", "--traceback")

        assert process.returncode == 1
        assert "Traceback" in process.stderr


class TestPostgreSQL:
    def test_without_tables_needs_to_be_migrated(self, own_postgresql: str):
        address = urlsplit(own_postgresql)

        output = refusal(own_postgresql, "generate_recommendations")

        assert output.startswith(f"PostgreSQL database {address.path[1:]}")
        assert 'relation "' in output
        assert output.endswith(f". {MIGRATE}")

    def test_that_does_not_answer_may_be_down_or_elsewhere(self):
        port = free_port()

        output = refusal(f"postgres://shop:secret@127.0.0.1:{port}/shop", "generate_recommendations")

        assert output.startswith(f"PostgreSQL database shop on 127.0.0.1:{port}: ")
        assert output.endswith(". Check DATABASE_URL, and that the server runs and accepts connections.")
        assert "secret" not in output
