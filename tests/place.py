"""A shop whose processes share a database and a broker: commands, workers, web servers, each a real one."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from deploy.processes import Child, start

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Place:
    """folder: for what its processes write down; env: what they all are told"""

    folder: Path
    env: dict[str, str]

    def manage(self, *arguments: str) -> str:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.env,
            check=True,
            capture_output=True,
            text=True,
        ).stdout

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


def told(database: str, broker: str, **more: str) -> dict[str, str]:
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
