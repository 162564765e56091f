"""`make`: what it lists, how it makes the virtual environment, and what `make demo` leaves behind."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from recsite.config import env

# Does what it is asked but for one thing: the environments that it makes have no pip, as on a bare Debian.
WITHOUT_PIP = f"""#!/bin/sh
if [ "$2" = venv ]; then shift 2; exec {sys.executable} -m venv --without-pip "$@"; fi
exec {sys.executable} "$@"
"""
# Writes down how it was called, and says where it would serve.
NOTING = """#!/bin/sh
echo "$(umask) ${DATABASE_URL-} $*" >> called
if [ "$2" = recsite.config.address ]; then echo http://127.0.0.1:9000; fi
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return a directory with the Makefile, requirements of nothing, and no more of the project."""
    shutil.copy(env.ROOT / "Makefile", tmp_path)
    for name in ("requirements.txt", "requirements-dev.txt"):
        (tmp_path / name).touch()
    return tmp_path


def make(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", *arguments],
        cwd=place,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def output(ran: subprocess.CompletedProcess[str]) -> list[str]:
    """Return all lines but make's own."""
    return [line for line in (ran.stdout + ran.stderr).splitlines() if not line.startswith("make: ")]


class TestMake:
    def test_lists_its_commands_when_called_bare(self, place: Path):
        listed = make(place).stdout

        commands = re.findall(r"^\.PHONY: (\S+)$", (place / "Makefile").read_text(), re.MULTILINE)
        assert {"demo", "run", "test", "check"} <= set(commands)
        assert re.findall(r"^make (\S+) +\w", listed, re.MULTILINE) == commands


class TestEnvironment:
    def test_needs_a_python_that_can_be_run(self, place: Path):
        ran = make(place, "PYTHON=nosuch", "demo")

        assert ran.returncode != 0
        assert output(ran) == [
            "nosuch cannot be run. Python 3.11 or newer is needed: make PYTHON=python3.12 demo"
        ]

    def test_needs_a_python_that_is_not_too_old(self, place: Path):
        old = script(place / "old", '#!/bin/sh\n[ "$1" != -V ] || echo Python 3.9\n[ -z "$2" ]\n')

        ran = make(place, f"PYTHON={old}", "demo")

        assert ran.returncode != 0
        assert output(ran) == [
            f"Python 3.11 or newer is needed; {old} is Python 3.9. Use another: make PYTHON=python3.12 demo"
        ]

    def test_says_what_is_missing_where_it_can_have_no_pip(self, place: Path):
        bare = script(place / "python", WITHOUT_PIP)

        ran = make(place, f"PYTHON={bare}", "demo")

        assert ran.returncode != 0
        assert output(ran)[-1] == (
            ".venv has no pip, so nothing can be installed. On Debian or Ubuntu: apt install python3-venv"
        )

    def test_is_made_anew_when_it_was_left_half_made(self, place: Path):
        make(place, f"PYTHON={script(place / 'python', WITHOUT_PIP)}", ".venv/made")

        healed = make(place, f"PYTHON={sys.executable}", ".venv/made")

        assert healed.returncode == 0, healed.stderr
        subprocess.run(
            [place / ".venv/bin/python", "-m", "pip", "--version"], check=True, capture_output=True
        )

    def test_is_left_alone_when_it_works(self, place: Path):
        script(place / ".venv/bin/python", "#!/bin/sh\n")

        assert make(place, "PYTHON=nosuch", ".venv/made").returncode == 0

    def test_is_cleared_only_if_it_is_one(self, place: Path):
        treasure = place / ".venv/treasure"
        treasure.parent.mkdir()
        treasure.touch()

        make(place, f"PYTHON={script(place / 'python', WITHOUT_PIP)}", ".venv/made")

        assert treasure.exists()


class TestCommands:
    @pytest.fixture
    def called(self, place: Path) -> Path:
        """Return the file in which everything that make calls is written down."""
        for name in ("python", "ruff", "codespell", "djlint", "mypy", "lint-imports"):
            script(place / ".venv/bin" / name, NOTING)
        for stamp in ("made", "installed", "installed-dev"):
            (place / ".venv" / stamp).touch()
        return place / "called"

    @pytest.mark.parametrize(("command", "n_calls"), [("demo", 4), ("run", 1)])
    def test_make_files_that_only_their_owner_may_read(self, place: Path, called: Path, command, n_calls):
        make(place, command)

        masks = re.findall(r"^(\d+)  (?:manage\.py|-m recsite\.serve)", called.read_text(), re.MULTILINE)
        assert masks == ["0077"] * n_calls

    def test_end_the_demo_with_the_address_that_is_served(self, place: Path, called: Path):
        shown = make(place, "demo").stdout

        assert "serve it on http://127.0.0.1:9000; /docs has the whole API" in shown
        assert "createsuperuser   create a staff login for http://127.0.0.1:9000/admin/" in shown

    def test_check_without_making_a_database(self, place: Path, called: Path):
        make(place, "check")

        databases = re.findall(r"^\d+ (\S*) manage\.py", called.read_text(), re.MULTILINE)
        assert databases == ["sqlite://:memory:"] * 3
