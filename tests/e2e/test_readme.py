"""The README, followed line by line, in its order, to its end, in a clean copy of the project."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from recsite.config.env import ROOT
from stack.processes import free_port

README = (ROOT / "README.md").read_text(encoding="utf-8")
# What this project is not made of: environments, databases, whatever tools leave behind.
NOT_COPIED = (
    ".git",
    ".venv",
    ".env",
    ".*_cache",
    ".coverage*",
    "__pycache__",
    "*.sqlite3*",
    "trained_models",
)
# Commands that are named and not run here, and why.
LEFT_OUT = {
    "make": "tests/repo/test_make.py runs it",
    "make test": "runs this test",
    "make bench": "measures for minutes; tests/repo/test_bench.py runs it",
    "make stack PHASE=3": "needs servers; tests/stack/test_make_stack.py runs it",
    "make stack-test": "needs servers; tests/stack/test_make_stack.py runs it",
    "make soak": "takes ten minutes; tests/stack/test_soak.py tests it",
}
# How a command is run where it would ask, or needs what only a reader has.
INSTEAD = {
    ".venv/bin/python manage.py createsuperuser": "DJANGO_SUPERUSER_PASSWORD=a-long-password-indeed "
    ".venv/bin/python manage.py createsuperuser --noinput --username ada --email ''",
    ".venv/bin/python manage.py migrate": "export DATABASE_URL=sqlite:///own.sqlite3; "
    ".venv/bin/python manage.py migrate",
    ".venv/bin/python manage.py import_shop path/to/your/files": ".venv/bin/python manage.py import_shop "
    "data/example_shop; status=$?; unset DATABASE_URL; (exit $status)",
}
# Two strategies instead of all: fitting the others takes a minute, and train_models fits and measures them.
EVALUATE = ".venv/bin/python manage.py evaluate_recommendations --format html --output report.html"
INSTEAD[EVALUATE] = f"{EVALUATE} --strategies content trending"
SERVE = "make run"
# `hybrid` learns on one earlier month, not eight: a minute, not several, by the same commands.
QUICKER = (('"windows": 8,', '"windows": 1,'), ('"trees": 250,', '"trees": 30,'))
# What differs from one run to the next: the key's prefix, and when something happened.
VARYING = (
    (re.compile(r"\([a-z0-9]{8}\)"), "(prefix)"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z"), "(moment)"),
)
_TOKENS = re.compile(
    r"^```console\n(?P<console>(?:(?!```).*\n)*)```$|^    (?P<indented>(?:make|\.venv/bin/python)(?: .*)?)$"
    r"|`(?P<inline>(?:make|\.venv/bin/python)(?: [^`\n]+)?)`",
    re.MULTILINE,
)
_PROMPT = re.compile(r"^\$ (?P<command>(?:.*\\\n)*.*)\n(?P<output>(?:(?!\$ ).*\n)*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Step:
    """command: as the README names it; output: what it prints there, None where it shows nothing."""

    command: str
    output: str | None = None


def steps(text: str) -> list[Step]:
    """Return what the text has its reader do, in its order; a command that is named again is done once."""
    found: dict[str, Step] = {}
    n_shown = 0
    for token in _TOKENS.finditer(text):
        if token["console"] is None:
            command = token["indented"] or token["inline"]
            found.setdefault(command, Step(command))
            continue
        for shown in _PROMPT.finditer(token["console"]):
            n_shown += 1
            found[f"shown {n_shown}"] = Step(shown["command"], shown["output"])
    return list(found.values())


def normal(printed: str) -> str:
    """Return an output without what differs from one run to the next."""
    for pattern, name in VARYING:
        printed = pattern.sub(name, printed)
    return printed.strip()


class Shell:
    """One bash in which commands run one after another, as in a terminal."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self._bash = subprocess.Popen(
            ["bash"],
            cwd=folder,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, command: str) -> str:
        """Return what the command prints. Fails when it does not end well."""
        assert self._bash.stdin
        assert self._bash.stdout
        self._bash.stdin.write(f"{command}\necho; echo '<<end>>' $?\n")
        self._bash.stdin.flush()
        lines: list[str] = []
        for line in self._bash.stdout:
            if line.startswith("<<end>> "):
                printed = "".join(lines).removesuffix("\n")
                assert line.split()[1] == "0", f"{command}\n{printed}"
                return printed
            lines.append(line)
        raise AssertionError(f"{command}: bash ended.\n{''.join(lines)}")

    def end(self) -> None:
        """End bash and whatever it has begun."""
        for stream in (self._bash.stdin, self._bash.stdout):
            if stream:
                stream.close()
        os.killpg(self._bash.pid, signal.SIGTERM)
        self._bash.wait()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a clean copy of the project, with this test's own packages installed as make would."""
    folder = tmp_path / "shop"
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*NOT_COPIED))
    settings = folder / "recsite" / "settings.py"
    text = settings.read_text(encoding="utf-8")
    for usual, quicker in QUICKER:
        assert usual in text
        text = text.replace(usual, quicker)
    settings.write_text(text, encoding="utf-8")
    venv = folder / ".venv"
    venv.mkdir()
    for name in ("bin", "lib"):
        (venv / name).symlink_to(Path(sys.prefix) / name)
    shutil.copy(Path(sys.prefix) / "pyvenv.cfg", venv)
    for name in ("made", "installed", "installed-dev"):
        (venv / name).touch()
    return folder


@dataclass(frozen=True, slots=True)
class Followed:
    """said: what each step printed; shell: where they ran; url: where the server answers."""

    printed: dict[str, str]
    shell: Shell
    url: str


@pytest.fixture
def followed(copy: Path) -> Iterator[Followed]:
    """Follow the README to its end; the server still runs."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    shell = Shell(
        copy, {"PATH": os.environ["PATH"], "HOME": str(copy), "PORT": str(port), "LC_ALL": "C.UTF-8"}
    )
    printed: dict[str, str] = {}
    try:
        for step in steps(README):
            if step.command in LEFT_OUT:
                continue
            if step.command == SERVE:
                shell.run(f"{SERVE} > served.log 2>&1 &")
                shell.run(f"curl -s --retry 60 --retry-delay 1 --retry-connrefused {url}/health/ready")
                continue
            command = INSTEAD.get(step.command, step.command).replace("http://127.0.0.1:8000", url)
            printed[step.command] = shell.run(command).replace(url, "http://127.0.0.1:8000")
            if step.output is not None:
                assert normal(printed[step.command]) == normal(step.output), step.command
        yield Followed(printed, shell, url)
    finally:
        shell.end()


class TestSteps:
    def test_are_found_in_order_and_once(self):
        text = (
            "Run `make demo`:\n\n    make demo\n\n```console\n$ curl -s \\\n    x\n{}\n$ curl y\n```\n"
            "Then `.venv/bin/python manage.py check`, not `make-believe`.\n\n    {ordinary: code}\n"
        )

        assert steps(text) == [
            Step("make demo"),
            Step("curl -s \\\n    x", "{}\n"),
            Step("curl y", ""),
            Step(".venv/bin/python manage.py check"),
        ]

    def test_leave_out_only_what_the_readme_names(self):
        assert {*LEFT_OUT, *INSTEAD, SERVE} <= {step.command for step in steps(README)}


@pytest.mark.slow
@pytest.mark.timeout(1500)
class TestReadme:
    def test_runs_prints_what_it_shows_and_leaves_the_shop_well(self, followed: Followed, copy: Path):
        """One test, since parallel test processes would each follow the README from its beginning."""
        (trained,) = (printed for command, printed in followed.printed.items() if "train_models" in command)
        assert "Activated and made the default: better than content by +" in trained
        (users,) = re.findall(r"\(\S+ to \S+ ([\d,]+) users\)", trained)
        assert int(users.replace(",", "")) > 1_000

        report = (copy / "report.html").read_text(encoding="utf-8")
        assert "<h2>NDCG@10</h2>" in report
        assert 'class="warning"' not in report

        trending = json.loads(followed.shell.run(f"curl -s '{followed.url}/trending?top_n=100'"))
        kinds = [product["reasons"][0]["kind"] for product in trending["recommended_products"]]
        assert kinds == ["trending"] * 100

        assert json.loads(followed.shell.run(f"curl -s {followed.url}/health/ready"))["status"] == "ok"
        assert "is already imported; nothing was changed." in followed.shell.run("make demo")
