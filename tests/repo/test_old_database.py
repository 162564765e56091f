"""A database of before 0.1.0, when the shop's users were accounts: it is refused, with the way out."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from recsite.config import env
from tests.database_files import DatabaseFiles


def python(database: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=env.ROOT,
        env={
            "PATH": os.environ["PATH"],
            "ENV_FILE": os.devnull,
            "SECRET_KEY": "tests-only-" + "x" * 50,
            "DATABASE_URL": f"sqlite:///{database}",
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "old.sqlite3"
    with closing(sqlite3.connect(path)) as made:
        made.execute("CREATE TABLE catalog_user (id integer PRIMARY KEY, password varchar(128) NOT NULL)")
    return path


class TestOldDatabase:
    def test_is_not_migrated(self, old: Path):
        ran = python(old, "manage.py", "migrate")

        assert ran.returncode == 1
        assert "Traceback" not in ran.stderr
        assert "was made by a version before 0.1.0 and cannot be migrated" in ran.stderr
        assert "import the shop again with `manage.py import_shop`" in ran.stderr
        with closing(sqlite3.connect(old)) as kept:
            assert kept.execute("SELECT name FROM sqlite_master").fetchall() == [("catalog_user",)]

    def test_is_not_served(self, old: Path):
        ran = python(old, "-m", "recsite.serve")

        assert ran.returncode == 1
        assert ran.stderr.startswith("The server does not start. The database 'default' was made by a ")
        assert "import the shop again with `manage.py import_shop`" in ran.stderr


class TestNewDatabase:
    def test_is_migrated_again(self, tmp_path: Path, database_files: DatabaseFiles):
        migrated = database_files.migrated(tmp_path / "new.sqlite3")

        assert python(migrated, "manage.py", "migrate").returncode == 0
