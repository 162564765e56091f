"""The environment is read in one place, documented without a gap, and secure when nothing is set."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.checks import run_checks

from recsite.checks import reads_are_closed
from recsite.config import env

ROOT = env.ROOT
EXAMPLE = (ROOT / ".env.example").read_text()
# ENV_FILE says where the file is, so it cannot stand in it.
NOT_IN_THE_FILE = {"ENV_FILE"}


def read_by_the_code() -> set[str]:
    """Return the names in env.py's calls such as env.bool("DEBUG", ...) and os.environ.get("ENV_FILE")."""
    calls = [
        node
        for node in ast.walk(ast.parse((ROOT / "recsite/config/env.py").read_text()))
        if isinstance(node, ast.Call)
    ]
    return {
        call.args[0].value
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and ast.unparse(call.func.value) in {"env", "os.environ"}
        and isinstance(call.args[0], ast.Constant)
    }


def sources() -> Iterator[Path]:
    for package in ("recsite", "access", "catalog", "observe", "privacy", "recommendations"):
        yield from (ROOT / package).rglob("*.py")


def run(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run Python with these variables and no others of ours."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={**kept, "ENV_FILE": os.devnull, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


class TestDocumentation:
    def test_finds_the_variables_that_the_code_reads(self):
        assert {"SECRET_KEY", "API_OPEN_READS", "OPENAI_MODEL", "ENV_FILE"} <= read_by_the_code()

    def test_has_a_line_for_each_variable_in_the_example_and_no_other(self):
        in_example = set(re.findall(r"^#?([A-Z][A-Z_0-9]+)=", EXAMPLE, re.MULTILINE))

        assert in_example == read_by_the_code() - NOT_IN_THE_FILE

    def test_has_a_row_for_each_variable_in_the_settings_page_and_no_other(self):
        page = (ROOT / "docs/settings.md").read_text()
        in_page = set(re.findall(r"^\| `([A-Z][A-Z_0-9]+)` \|", page, re.MULTILINE))

        assert in_page == read_by_the_code() - NOT_IN_THE_FILE
        assert "`ENV_FILE`" in page

    def test_shows_the_real_defaults_in_the_example(self, tmp_path: Path, monkeypatch):
        example = tmp_path / "example.env"
        example.write_text(re.sub(r"(?m)^#([A-Z])", r"\1", EXAMPLE))
        for name in read_by_the_code():
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("SECRET_KEY", "tests-only-" + "x" * 50)
        monkeypatch.setenv("ENV_FILE", os.devnull)
        by_default = env.read()
        monkeypatch.setenv("ENV_FILE", str(example))

        assert env.read() == by_default

    def test_describes_each_option_of_the_strategies_and_explainers(self):
        from recsite import settings

        page = (ROOT / "docs/settings.md").read_text()
        configured = settings.RECOMMENDATIONS
        options = [*configured["STRATEGIES"].values(), configured["EXPLAINER"]]

        assert [n for named in options for n in named["OPTIONS"] if f"`{n}`" not in page] == []
        assert [key for key in configured if key not in page] == []


class TestOnePlace:
    def test_is_the_only_one_that_reads_the_environment(self):
        reads = re.compile(
            r"os\.environ(?!\.setdefault\(\"DJANGO_SETTINGS_MODULE\")|getenv|import environ$", re.M
        )
        readers = {str(path.relative_to(ROOT)) for path in sources() if reads.search(path.read_text())}

        # variables.py imports the package of that name; the variables themselves are handed to it.
        assert readers == {"recsite/config/env.py", "recsite/config/variables.py"}


class TestRefusals:
    def test_names_the_missing_key(self):
        ran = run("manage.py", "check")

        assert ran.returncode != 0
        assert "SECRET_KEY is not set" in ran.stderr.splitlines()[-1]

    @pytest.mark.parametrize(
        "command",
        [
            ("manage.py", "migrate"),
            ("manage.py", "apikey", "list"),
            ("-m", "recsite.serve"),
            ("-m", "celery", "--app", "recsite.celery", "worker"),
            ("-m", "celery", "--app", "recsite.celery", "beat"),
        ],
        ids=" ".join,
    )
    def test_names_a_guessable_key_in_one_line_without_showing_it(self, command):
        ran = run(*command, SECRET_KEY="hunter2")

        assert ran.returncode == 1
        (line,) = ran.stderr.splitlines()
        assert "SECRET_KEY has 7 characters, so others can guess it." in line
        assert "hunter2" not in ran.stdout + ran.stderr

    def test_names_what_opens_reads_to_the_world(self):
        ran = run(
            "manage.py",
            "check",
            SECRET_KEY="tests-only-" + "x" * 50,
            API_OPEN_READS="true",
            ALLOWED_HOSTS="shop.example",
        )

        assert ran.returncode != 0
        assert "API_OPEN_READS=true lets anyone read" in ran.stderr.splitlines()[-1]


class TestDeployment:
    def test_has_no_warning_with_nothing_but_a_key_and_a_host(self):
        ran = run(
            *("manage.py", "check", "--deploy", "--fail-level", "WARNING"),
            SECRET_KEY="0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP",
            ALLOWED_HOSTS="shop.example",
        )

        assert ran.returncode == 0, ran.stderr

    def test_sends_cookies_over_https_only(self):
        code = "from recsite import settings as s; print(s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE)"

        assert run("-c", code, SECRET_KEY="tests-only-" + "x" * 50).stdout.split() == ["True", "True"]

    @pytest.mark.parametrize(
        ("output", "believed"),
        [({}, "None"), ({"TRUST_PROXY_HTTPS": "true"}, "('HTTP_X_FORWARDED_PROTO', 'https')")],
    )
    def test_believes_a_proxy_only_when_it_is_told_to(self, output: dict[str, str], believed: str):
        code = "from recsite import settings as s; print(s.SECURE_PROXY_SSL_HEADER)"

        assert run("-c", code, SECRET_KEY="tests-only-" + "x" * 50, **output).stdout.strip() == believed

    def test_has_browsers_insist_on_https_for_a_year(self):
        code = "from recsite import settings as s; print(s.SECURE_SSL_REDIRECT, s.SECURE_HSTS_SECONDS)"

        assert run("-c", code, SECRET_KEY="tests-only-" + "x" * 50).stdout.split() == ["True", "31536000"]

    def test_has_an_error_while_reads_are_open(self, settings):
        settings.API_OPEN_READS = True

        found = run_checks(tags=["security"], include_deployment_checks=True)

        assert "recsite.E001" in [message.id for message in found]

    @pytest.mark.parametrize(("is_open", "n_errors"), [(True, 1), (False, 0)])
    def test_asks_only_whether_reads_are_open(self, settings, is_open: bool, n_errors: int):
        settings.API_OPEN_READS = is_open

        assert len(reads_are_closed(None)) == n_errors
