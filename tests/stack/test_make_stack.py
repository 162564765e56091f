"""`make stack` prints its addresses, stops on a signal, and says why it cannot start."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from stack.deployment import ROOT
from stack.processes import is_listening
from tests.stack.conftest import environment

COMMAND = [sys.executable, "-m", "stack", "--phase", "1"]


class TestMakeStack:
    @pytest.mark.parametrize(
        "reported",
        [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.full)],
        ids=["SIGINT", "SIGTERM"],
    )
    def test_says_where_it_is_and_leaves_nothing_behind(self, reported: signal.Signals):
        with subprocess.Popen(
            COMMAND, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True
        ) as stack:
            assert stack.stdout is not None
            output = "".join(iter(stack.stdout.readline, "Ctrl-C stops everything.\n"))
            port = int(re.findall(r"http://127\.0\.0\.1:(\d+)/recommend", output)[0])
            url = f"http://127.0.0.1:{port}/recommend/ext:alice?top_n=1"
            answer = httpx2.get(url, timeout=60, trust_env=False)
            folder = Path(re.findall(r"Logs: (\S+)", output)[0])

            stack.send_signal(reported)
            code = stack.wait(60)

        assert answer.status_code == 200
        assert len(answer.json()["recommended_products"]) == 1
        assert code == 0
        assert not is_listening(port)
        assert not folder.exists()

    def test_says_why_it_does_not_start(self):
        ran = subprocess.run(
            COMMAND,
            cwd=ROOT,
            env={**environment(), "WEB_WORKERS": "none"},
            capture_output=True,
            text=True,
            check=False,
        )

        assert ran.returncode == 1
        assert "The stack does not start. manage.py migrate" in ran.stdout
        assert "WEB_WORKERS must be a whole number" in ran.stdout


class TestHealthCheck:
    def test_exits_with_1_when_no_server_is_there(self, web: httpx2.Client):
        command = [sys.executable, "-m", "recsite.http.healthcheck"]

        alive = subprocess.run(
            [*command, str(web.base_url.port), "localhost,shop.example"], cwd=ROOT, check=False
        )
        dead = subprocess.run([*command, "1", ""], cwd=ROOT, check=False)

        assert (alive.returncode, dead.returncode) == (0, 1)
