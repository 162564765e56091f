"""`manage.py` when the database is not what the commands expect: one line, and the way out."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from recsite.config import env

COMMANDS = [("import_shop", "data/example_shop"), ("generate_recommendations",), ("show_recommendation",)]


def run(database: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return python(database, "manage.py", *command)


def python(database: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=env.ROOT,
        env={
            "PATH": os.environ["PATH"],
            "ENV_FILE": os.devnull,
            "SECRET_KEY": "x" * 50,
            "DATABASE_URL": f"sqlite:///{database}",
        },
        capture_output=True,
        text=True,
        check=False,
    )


class TestManage:
    @pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
    def test_says_in_one_line_that_the_database_has_no_tables(self, tmp_path: Path, command):
        ran = run(tmp_path / "empty.sqlite3", *command)

        said = ran.stderr.splitlines()
        assert ran.returncode == 1
        assert "Traceback" not in ran.stderr
        assert said[-1].startswith("The database cannot do this: no such table: ")
        assert said[-1].endswith(
            ". `make demo` prepares a new one and fills it with a shop; `manage.py migrate` only prepares it."
        )

    def test_says_in_one_line_that_the_database_cannot_be_reached(self, tmp_path: Path):
        ran = run(tmp_path / "nowhere" / "shop.sqlite3", "generate_recommendations")

        assert ran.returncode == 1
        assert len(ran.stderr.splitlines()) == 1
        assert ran.stderr.startswith("The database cannot do this: unable to open database file. `make demo`")

    def test_shows_where_it_happened_when_asked(self, tmp_path: Path):
        ran = run(tmp_path / "empty.sqlite3", "show_recommendation", "--traceback")

        assert ran.returncode == 1
        assert "Traceback" in ran.stderr


class TestDatabaseOfAnOlderVersion:
    """Before 0.1.0 the shop's users were accounts with passwords, and other migrations made the tables."""

    @pytest.fixture
    def old(self, tmp_path: Path) -> Path:
        path = tmp_path / "old.sqlite3"
        with closing(sqlite3.connect(path)) as made:
            made.execute("CREATE TABLE catalog_user (id integer PRIMARY KEY, password varchar(128) NOT NULL)")
        return path

    def test_is_not_migrated_and_says_what_to_do(self, old: Path):
        ran = run(old, "migrate")

        assert ran.returncode == 1
        assert "Traceback" not in ran.stderr
        assert "was made by a version before 0.1.0 and cannot be migrated" in ran.stderr
        assert "import the shop anew with `manage.py import_shop`" in ran.stderr
        with closing(sqlite3.connect(old)) as kept:
            assert kept.execute("SELECT name FROM sqlite_master").fetchall() == [("catalog_user",)]

    def test_is_not_served_and_says_what_to_do(self, old: Path):
        ran = python(old, "-m", "recsite.serve")

        assert ran.returncode == 1
        assert ran.stderr.startswith(
            "The server does not start. The database 'default' was made by a version "
        )
        assert "import the shop anew with `manage.py import_shop`" in ran.stderr

    def test_is_none_that_this_version_has_made(self, tmp_path: Path):
        new = tmp_path / "new.sqlite3"

        first, second = run(new, "migrate"), run(new, "migrate")

        assert (first.returncode, second.returncode) == (0, 0)
