"""Child processes that end with whoever started them: each in a group of its own, its words in a file."""

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

PAUSE_SECONDS = 0.05
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class DidNotStart(RuntimeError):
    """A process ended, or said nothing, before it was ready; the message ends with its last words."""


@dataclass(frozen=True, slots=True)
class Account:
    """Whom a process runs as."""

    user: int
    group: int


@dataclass(slots=True)
class Child:
    """A running process. ending: the signal that makes it finish in good order."""

    name: str
    process: "subprocess.Popen[bytes]"
    log: Path
    ending: signal.Signals

    @property
    def pid(self) -> int:
        return self.process.pid

    def is_running(self) -> bool:
        return self.process.poll() is None

    def stop(self, patience_seconds: float = 15) -> int:
        """End it and what it started, and return its exit code; killed when it does not end in time."""
        if self.is_running():
            self.process.send_signal(self.ending)
            try:
                self.process.wait(patience_seconds)
            except subprocess.TimeoutExpired:
                self.kill()
        return self.process.wait()

    def kill(self) -> None:
        """End it and what it started at once."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()

    def wait_until(self, is_ready: Callable[[], bool], patience_seconds: float = 60) -> None:
        """Return once it is ready. Raises DidNotStart when it ends before, or takes too long."""
        end = time.monotonic() + patience_seconds
        while not is_ready():
            if not self.is_running():
                raise DidNotStart(f"{self.name} ended with {self.process.returncode}. {self.last_words()}")
            if time.monotonic() > end:
                raise DidNotStart(f"{self.name} was not ready in {patience_seconds} s. {self.last_words()}")
            time.sleep(PAUSE_SECONDS)

    def last_words(self) -> str:
        """Return where its words are, and the last of them."""
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
    ending: signal.Signals = signal.SIGTERM,
) -> Child:
    """Return the process, started with its words appended to the log. Call it from the main thread.

    The system tells the process to end when the thread that started it is gone, even if it was killed
    (on Linux; elsewhere only a killed starter leaves it behind).
    """
    with log.open("ab") as words:
        process = subprocess.Popen(  # noqa: S603  the callers' own commands
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=subprocess.STDOUT,
            env=dict(env) if env is not None else None,
            cwd=cwd,
            start_new_session=True,
            preexec_fn=lambda: end_with_parent(ending),  # noqa: PLW1509  one call
            **run_as(account),
        )
    return Child(name, process, log, ending)


def run_as(account: Account | None) -> dict[str, Any]:
    """Return what tells `subprocess` to run as that account, and in no other group."""
    if account is None:
        return {}
    return {"user": account.user, "group": account.group, "extra_groups": []}


def end_with_parent(ending: signal.Signals) -> None:
    """Have the system tell this process to end when the thread that started it is gone (on Linux)."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(ending))


def free_port() -> int:
    """Return a port of loopback on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Whether somebody takes connections on this port of loopback."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
