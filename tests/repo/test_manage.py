"""`manage.py` when the database is not what the commands expect: one line, and the way out."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from recsite.config import env

COMMANDS = [("import_shop", "data/example_shop"), ("generate_recommendations",), ("show_recommendation",)]


def run(database: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *command],
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
