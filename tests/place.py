"""A shop whose processes share a database and a broker: commands, workers, web servers, each a real one."""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx2

from recsite.http.healthcheck import is_healthy
from stack.deployment import ROOT, run_manage
from stack.processes import Child, free_port, start
from tests.waiting import PATIENCE_SECONDS

N_GREETINGS = 16


@dataclass(frozen=True)
class Place:
    """folder: for what its processes write down; env: what they all are told; api_key: of its shop, if any"""

    folder: Path
    env: dict[str, str]
    api_key: str = ""

    def with_env(self, **more: str) -> "Place":
        """Return the same place, whose processes are told this as well."""
        return replace(self, env={**self.env, **more})

    def ran(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Return what became of `manage.py` with these arguments, whether it failed or not."""
        return run_manage(self.env, *arguments)

    def manage(self, *arguments: str) -> str:
        """Return what `manage.py` says with these arguments."""
        ran = self.ran(*arguments)
        assert ran.returncode == 0, f"manage.py {' '.join(arguments)}: {ran.stderr}"
        return ran.stdout

    def key(self, *scopes: str) -> str:
        """Return a new API key with these scopes."""
        return self.manage("apikey", "make", "tests", "--scope", *scopes).strip()

    @contextmanager
    def served(self, name: str = "web", *, key: str = "") -> Iterator[httpx2.Client]:
        """Give a client of a running web server of this place. key: an API key that the client sends."""
        port = free_port()
        child = self.with_env(PORT=str(port)).start(name, "-m", "recsite.serve")
        try:
            child.wait_until(lambda: is_healthy(port))
            with client_of(f"http://127.0.0.1:{port}", key=key) as client:
                # A process that is still starting accepts connections already; so many reach each of them.
                with ThreadPoolExecutor(N_GREETINGS) as pool:
                    list(pool.map(client.get, ["/health/live"] * N_GREETINGS))
                yield client
        finally:
            child.stop()

    def start(self, name: str, *arguments: str) -> Child:
        log = self.folder / f"{name}.log"
        return start(name, [sys.executable, *arguments], log=log, cwd=ROOT, env=self.env)

    def worker(self, name: str, queue: str) -> Child:
        """Return a worker that takes from the queue, one task at a time."""
        return self.start(
            name,
            *("-m", "celery", "-A", "recsite.celery", "worker", "--queues", queue, "--concurrency", "1"),
            *("--hostname", f"{name}@test", "--without-gossip", "--without-mingle"),
        )


def client_of(url: str, *, key: str = "", token: str = "", connections: int = 100) -> httpx2.Client:
    """Return a client of that server, which keeps its connections open."""
    shown = f"Bearer {token}" if token else f"Api-Key {key}"
    return httpx2.Client(
        base_url=url,
        headers={"Authorization": shown} if token or key else {},
        timeout=PATIENCE_SECONDS,
        limits=httpx2.Limits(max_connections=connections, max_keepalive_connections=connections),
        trust_env=False,
    )


def environment(database: str, broker: str, **more: str) -> dict[str, str]:
    """Return the environment of a place with that database and broker."""
    return {
        **os.environ,
        "ENV_FILE": os.devnull,
        "DJANGO_SETTINGS_MODULE": "recsite.settings",
        "SECRET_KEY": "tests-only-" + "x" * 50,
        "ALLOWED_HOSTS": "testserver",
        "SECURE_SSL_REDIRECT": "false",
        "DATABASE_URL": database,
        "CELERY_BROKER_URL": broker,
        **more,
    }
