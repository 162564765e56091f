"""Child processes: ready when they are yielded, with logs, and stopped with their parent."""

import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from stack import postgresql
from stack.processes import Account, StackError, is_listening, start
from tests.waiting import PATIENCE_SECONDS

WAITS = "import signal; print('here', flush=True); signal.pause()"
STUBBORN = "import signal; signal.signal(15, signal.SIG_IGN); print('here', flush=True); signal.pause()"
# Starts another one, says who that is, and waits to be killed.
STARTS = f"""
from pathlib import Path
from stack.processes import start
child = start("child", [{sys.executable!r}, "-c", {WAITS!r}], log=Path({{log!r}}))
child.wait_until(lambda: "here" in child.log.read_text())
print(child.pid, flush=True)
input()
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "child.log"


class TestChild:
    def test_is_given_when_it_is_ready(self, log: Path):
        child = start("child", [sys.executable, "-c", WAITS], log=log)
        child.wait_until(lambda: "here" in log.read_text())

        assert child.is_running()
        assert child.stop() == -signal.SIGTERM

    def test_quotes_its_log_when_it_exits_too_soon(self, log: Path):
        child = start("child", [sys.executable, "-c", "raise SystemExit('no such shop')"], log=log)

        with pytest.raises(StackError, match=r"child exited with 1(.|\n)*no such shop"):
            child.wait_until(lambda: False)

    def test_is_given_up_when_it_takes_too_long(self, log: Path):
        child = start("child", [sys.executable, "-c", WAITS], log=log)

        with pytest.raises(StackError, match="was not ready in 0"):
            child.wait_until(lambda: False, timeout_seconds=0)
        child.stop()

    def test_is_killed_when_it_does_not_stop(self, log: Path):
        child = start("child", [sys.executable, "-c", STUBBORN], log=log)
        child.wait_until(lambda: "here" in log.read_text())

        assert child.stop(timeout_seconds=0.1) == -signal.SIGKILL

    @pytest.mark.skipif(sys.platform != "linux", reason="Only Linux tells a process that its parent is gone.")
    def test_exits_when_its_parent_is_killed(self, log: Path):
        with subprocess.Popen(
            [sys.executable, "-c", STARTS.format(log=str(log))],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as parent:
            assert parent.stdout is not None
            watched = os.pidfd_open(int(parent.stdout.readline()))

            parent.kill()

            try:
                assert select.select([watched], [], [], PATIENCE_SECONDS)[0] == [watched]
            finally:
                os.close(watched)


class TestIsListening:
    def test_knows_who_is_there(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            assert is_listening(port)

        assert not is_listening(port)


class TestPostgresqlsPrograms:
    @pytest.mark.skipif(os.geteuid() != 0, reason="Only root runs programs as somebody else.")
    def test_are_copied_out_of_a_home_that_others_may_not_enter(self, tmp_path: Path):
        programs = tmp_path / "home/embedded/pginstall/bin"
        programs.mkdir(parents=True)
        (programs.parents[2] / "embedded.libs").mkdir()
        (tmp_path / "home").chmod(0o700)
        (programs / "postgres").write_text("#!/bin/sh\n")
        (programs / "postgres").chmod(0o755)

        found = postgresql._accessible(programs, tmp_path / "open", Account(65534, 65534))

        assert found == tmp_path / "open/installed/embedded/pginstall/bin"
        assert (found / "postgres").exists()
        assert (tmp_path / "open/installed/embedded.libs").is_dir()
