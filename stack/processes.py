"""Child processes that exit with their parent: each in a session of its own, with its output in a log."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

POLL_SECONDS = 0.05
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class StackError(RuntimeError):
    """A part of the deployment does not start; the message says why."""


class ServerNotFound(StackError):
    """A server's program is not installed, or there is no account that may run it."""


@dataclass(frozen=True, slots=True)
class Account:
    """The user and group that a process runs as."""

    user: int
    group: int


@dataclass(slots=True)
class Child:
    """A running process. stop_signal: the signal that makes it shut down cleanly."""

    name: str
    process: "subprocess.Popen[bytes]"
    log: Path
    stop_signal: signal.Signals

    @property
    def pid(self) -> int:
        return self.process.pid

    def is_running(self) -> bool:
        return self.process.poll() is None

    def stop(self, timeout_seconds: float = 15) -> int:
        """Return its exit code. Kill it and all that it started when it does not stop in time."""
        if self.is_running():
            self.process.send_signal(self.stop_signal)
            try:
                self.process.wait(timeout_seconds)
            except subprocess.TimeoutExpired:
                self.kill()
        return self.process.wait()

    def kill(self) -> None:
        """Kill it and all that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()

    def pause(self) -> None:
        """Suspend it: it keeps its connections and answers nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on after `pause`."""
        self.process.send_signal(signal.SIGCONT)

    def wait_until(self, is_ready: Callable[[], bool], timeout_seconds: float = 60) -> None:
        """Return once it is ready. Raises StackError when it exits before, or takes too long."""
        end = time.monotonic() + timeout_seconds
        while not is_ready():
            if not self.is_running():
                raise StackError(f"{self.name} exited with {self.process.returncode}. {self.log_tail()}")
            if time.monotonic() > end:
                raise StackError(f"{self.name} was not ready in {timeout_seconds} s. {self.log_tail()}")
            time.sleep(POLL_SECONDS)

    def log_tail(self) -> str:
        """Return the path of its log, and the log's last lines."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-5:]
        return "\n".join([f"{self.log} ends with:", *lines])


def start(
    name: str,
    command: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    account: Account | None = None,
    stop_signal: signal.Signals = signal.SIGTERM,
) -> Child:
    """Return the started process, whose output is appended to the log. Call it from the main thread.

    On Linux the kernel sends stop_signal when the thread that started it is gone, even if it was killed.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(env) if env is not None else None,
            cwd=cwd,
            start_new_session=True,
            preexec_fn=lambda: exit_with_parent(stop_signal),  # noqa: PLW1509  one call
            **run_as(account),
        )
    return Child(name, process, log, stop_signal)


def run_as(account: Account | None) -> dict[str, Any]:
    """Return the arguments with which `subprocess` runs a command as that account, in no other group."""
    if account is None:
        return {}
    return {"user": account.user, "group": account.group, "extra_groups": []}


def exit_with_parent(stop_signal: signal.Signals) -> None:
    """Have the kernel send this process the signal when the thread that started it is gone (on Linux)."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(stop_signal))


def free_port() -> int:
    """Return a port of loopback on which nothing listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_listening(port: int) -> bool:
    """Return whether a process accepts connections on this port of loopback."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
