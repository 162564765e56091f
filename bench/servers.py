"""Servers to measure: each listens on a free loopback port and is stopped afterwards."""

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import shops
from stack.processes import free_port

PEER = shops.HERE / "peer"
PEER_VENV = shops.HERE / ".peer-venv"
WORKERS = 2
_PATIENCE = 1800  # seconds; the peer fills its database before it responds


@contextmanager
def ours(
    database: shops.Database, *, keeps: bool = True, settings: dict[str, str] | None = None
) -> Iterator[str]:
    """Yield the URL of the project, served as by `make run`.

    keeps: whether it may cache responses; settings: more variables of its environment
    """
    port = free_port()
    environment = _environment(database, port) | ({} if keeps else shops.KEEPING_NOTHING) | (settings or {})
    yield from _serving([sys.executable, "-m", "recsite.serve"], environment, port)


@contextmanager
def plain(database: shops.Database, recording: Path) -> Iterator[str]:
    """Yield the URL of the plain views (bench/plain), served in the same way. recording: see there"""
    port = free_port()
    own = {"DJANGO_SETTINGS_MODULE": "bench.plain.settings", "BENCH_RECORDING": str(recording)}
    command = [sys.executable, "-m", "bench.plain.serve"]
    yield from _serving(command, {**_environment(database, port), **own}, port)


@contextmanager
def peer(size: str) -> Iterator[str]:
    """Yield the URL of the plain FastAPI service (bench/peer) on the generated shop."""
    files = shops.folder(size)
    _make_peer_environment()
    port = free_port()
    command = ["bash", str(PEER / "run.sh"), str(files), str(port), str(WORKERS)]
    yield from _serving(command, {**os.environ, "PEER_VENV": str(PEER_VENV)}, port)


def _make_peer_environment() -> None:
    made = PEER_VENV / "made"
    if made.exists():
        return
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(PEER_VENV)], check=True)
    wanted = ["install", "--quiet", "--disable-pip-version-check", "-r", str(PEER / "requirements.txt")]
    subprocess.run([str(PEER_VENV / "bin" / "pip"), *wanted], check=True, stdout=sys.stderr)
    (PEER_VENV / ".gitignore").write_text("*\n")
    made.touch()


def _environment(database: shops.Database, port: int) -> dict[str, str]:
    return {**shops.environment(database), "PORT": str(port), "WEB_WORKERS": str(WORKERS)}


def _serving(command: list[str], environment: dict[str, str], port: int) -> Iterator[str]:
    process = subprocess.Popen(
        command,
        cwd=shops.ROOT,
        env=environment,
        stdout=sys.stderr,
        start_new_session=True,  # so that its workers are stopped with it
    )
    try:
        _wait(process, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        _stop(process)


def _wait(process: "subprocess.Popen[bytes]", port: int) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        if process.poll() is not None:
            raise SystemExit(f"A server ended with {process.returncode} before it answered.")
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request("GET", "/")
            if connection.getresponse().status < 500:
                return
        except OSError:
            time.sleep(0.2)
    raise SystemExit(f"A server did not answer within {_PATIENCE} s.")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    try:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    except ProcessLookupError:
        process.wait()
