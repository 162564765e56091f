"""`make stack`: the phases as real processes, which answer, go on without one of them, and all stop."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy import nginx
from deploy.__main__ import REASONS
from deploy.asking import Client
from deploy.processes import free_port, listens
from deploy.stack import Stack, started
from deploy.story import (
    Drive,
    has_the_shop,
    has_workers_generate,
    heeds_what_was_just_done,
    lets_staff_in,
    outlives_a_web_server,
    tells_what_workers_count,
)
from tests.servers import are_required

ROOT = Path(__file__).parents[2]


def environment() -> dict[str, str]:
    """Return ours without what tests/settings.py put there for this process alone."""
    ours = ("DATABASE_URL", "DJANGO_SETTINGS_MODULE", "ENV_FILE", "SECRET_KEY", "ALLOWED_HOSTS")
    return {name: value for name, value in os.environ.items() if name not in ours}


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """Phase 3, running."""
    for name in set(os.environ) - set(environment()):
        monkeypatch.delenv(name)
    # Not pytest's own folder, which other accounts may not enter.
    with tempfile.TemporaryDirectory() as folder:
        try:
            with started(3, Path(folder)) as running:
                yield running
        except REASONS as error:
            (pytest.fail if are_required() else pytest.skip)(f"No stack: {error}")


class TestPhase3:
    def test_heeds_events_on_every_server_and_goes_on_when_one_is_killed(self, stack: Stack):
        drive = Drive(stack, Client(stack.url))
        lets_staff_in(drive)
        has_the_shop(drive)

        heeds_what_was_just_done(drive)
        has_workers_generate(drive)
        tells_what_workers_count(drive)
        outlives_a_web_server(drive)

        assert [child.name for child in stack.ended()] == ["web-1"]


class TestMakeStack:
    @pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM], ids=lambda told: told.name)
    def test_says_where_it_is_and_leaves_nothing_behind(self, told: signal.Signals):
        with subprocess.Popen(
            [sys.executable, "-m", "deploy", "--phase", "1"],
            cwd=ROOT,
            env=environment(),
            stdout=subprocess.PIPE,
            text=True,
        ) as stack:
            assert stack.stdout is not None
            said = "".join(iter(stack.stdout.readline, "Ctrl-C stops everything.\n"))
            port = int(re.findall(r"http://127\.0\.0\.1:(\d+)/recommend", said)[0])
            answer = Client(f"http://127.0.0.1:{port}").get("/recommend/ext:alice?top_n=1")
            folder = Path(re.findall(r"Logs: (\S+)", said)[0])

            stack.send_signal(told)
            code = stack.wait(30)

        assert (answer.status, len(answer.body["recommended_products"])) == (200, 1)
        assert code == 0
        assert not listens(port)
        assert not folder.exists()

    def test_says_why_it_does_not_start(self):
        ran = subprocess.run(
            [sys.executable, "-m", "deploy", "--phase", "1"],
            cwd=ROOT,
            env={**environment(), "WEB_WORKERS": "none"},
            capture_output=True,
            text=True,
            check=False,
        )

        assert ran.returncode == 1
        assert "The stack does not start. manage.py migrate" in ran.stdout
        assert "WEB_WORKERS must be a whole number" in ran.stdout


class TestNginx:
    def test_takes_the_configuration(self, tmp_path: Path):
        program = nginx.binary()
        if program is None:
            pytest.skip("nginx is not installed")
        file = tmp_path / "nginx.conf"

        file.write_text(nginx.configuration(tmp_path, free_port(), [8001, 8002]))

        nginx.check(program, file)

    def test_leaves_no_blank_unfilled(self, tmp_path: Path):
        text = nginx.configuration(tmp_path, 8000, [8001])

        assert "server 127.0.0.1:8001 max_fails=1" in text
        assert "${" not in text.split("\nhttp {")[1]
