"""generate_recommendations with several processes, on a database file of its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.database_files import DatabaseFiles
from tests.waiting import PATIENCE_SECONDS

ROOT = Path(__file__).parents[2]
PROGRAM = """
from catalog.models import User
from recommendations.models import StoredList
for row in StoredList.objects.order_by("user_id").values_list("user_id", "picks", "summary", "fallback"):
    print(row)
"""
SLOW = """
from recsite.settings import *
RECOMMENDATIONS["STRATEGIES"]["slow"] = {{
    "CLASS": "tests.counting.QuickInterrupted",
    "OPTIONS": {{"signal": "{reported}"}},
}}
RECOMMENDATIONS["DEFAULT_STRATEGY"] = "slow"
"""


@pytest.fixture
def env(tmp_path: Path, database_files: DatabaseFiles) -> dict[str, str]:
    return {
        **os.environ,
        "ENV_FILE": os.devnull,
        "DJANGO_SETTINGS_MODULE": "recsite.settings",
        "SECRET_KEY": "tests-only-" + "x" * 50,
        "DATABASE_URL": f"sqlite:///{database_files.shop(tmp_path / 'shop.sqlite3')}",
    }


def run(env: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=env,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


class TestProcesses:
    def test_store_the_same_lists_as_one_process(self, env: dict[str, str]):
        run(env, "generate_recommendations", "--processes", "1", "--batch-size", "2")
        alone = run(env, "shell", "--no-imports", "-c", PROGRAM)

        output = run(env, "generate_recommendations", "--processes", "2", "--batch-size", "2")

        assert run(env, "shell", "--no-imports", "-c", PROGRAM) == alone != ""
        assert f"{len(alone.splitlines())} users stored" in output

    @pytest.mark.parametrize(
        ("reported", "code"), [("SIGINT", 130), ("SIGTERM", 130), ("SIGKILL", -signal.SIGKILL)]
    )
    def test_end_with_the_command_however_it_ends(
        self, env: dict[str, str], tmp_path: Path, reported: str, code: int
    ):
        (tmp_path / "slow_settings.py").write_text(SLOW.format(reported=reported))
        slow = {
            **env,
            "DJANGO_SETTINGS_MODULE": "slow_settings",
            "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}",
        }

        # run() waits for the pipes, which stay open while any of the processes runs: up to a day.
        ended = subprocess.run(
            [
                sys.executable,
                "manage.py",
                "generate_recommendations",
                "--processes",
                "2",
                "--batch-size",
                "1",
            ],
            cwd=ROOT,
            env=slow,
            check=False,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )

        assert ended.returncode == code
        assert ("Interrupted. Lists stored so far are kept" in ended.stderr) == (code == 130)
