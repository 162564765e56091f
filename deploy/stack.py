"""The whole service as plain processes on loopback: what `make stack` starts, waits for and stops."""

import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from deploy.asking import Client
from deploy.health import is_healthy
from deploy.nginx import binary as nginx_binary
from deploy.nginx import start_nginx
from deploy.phases import BROKER_VARIABLE, CACHE_VARIABLE, PHASES, Phase, Worker
from deploy.postgresql import Cluster
from deploy.processes import Child, free_port, start
from deploy.redis_server import start_redis

ROOT = Path(__file__).resolve().parent.parent
SHOP = ROOT / "data" / "example_shop"
CELERY = "recsite.celery"
# The cache may forget; what is to be done must not be forgotten.
EVICTING = ("--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru")
KEEPING = ("--maxmemory-policy", "noeviction")


class CannotStart(RuntimeError):
    """Why the stack does not start, for whoever started it."""


@dataclass(slots=True)
class Stack:
    """A phase's processes. `started` fills it; whatever runs is in `children`, in the order it was started.

    env:       the environment of every process of the service
    addresses: where each web server and the gateway listen, and each worker tells its metrics, by name
    missing:   a sentence for each part that does not run here, and why
    """

    phase: Phase
    folder: Path
    env: dict[str, str]
    children: dict[str, Child] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    cluster: Cluster | None = None

    @property
    def url(self) -> str:
        """Where to ask: the gateway, or the first web server where there is none."""
        return self.addresses.get("gateway") or self.addresses[self.phase.web[0]]

    @property
    def runs_background_work(self) -> bool:
        """Whether there are workers."""
        return any(worker.name in self.children for worker in self.phase.workers)

    def manage(self, *arguments: str) -> str:
        """Return what `manage.py` says with these arguments. Raises CannotStart when it fails."""
        ran = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.env,
            check=False,
            capture_output=True,
            text=True,
        )
        if ran.returncode:
            raise CannotStart(f"manage.py {' '.join(arguments)} failed: {ran.stderr.strip()[-2000:]}")
        return ran.stdout

    def client(self, name: str) -> Client:
        """Return who asks that part of the stack, past the gateway."""
        return Client(self.addresses[name])

    def web(self, name: str, **told: str) -> Child:
        """Return that web server, started anew at its address, when it answers. told: to it besides"""
        port = self.addresses[name].rpartition(":")[2]
        child = start(
            name,
            [sys.executable, "-m", "recsite.serve"],
            log=self.folder / f"{name}.log",
            env={**self.env, "HOST": "127.0.0.1", "PORT": port, **told},
            cwd=ROOT,
        )
        child.wait_until(lambda: is_healthy(int(port)))
        return child

    def worker(self, worker: Worker) -> Child:
        """Return that worker, started anew, when it takes work."""
        log = self.folder / f"{worker.name}.log"
        n_before = _n_ready(log)
        own = {"HOST": "127.0.0.1", "WORKER_METRICS_PORT": self.addresses[worker.name].rpartition(":")[2]}
        child = _celery(self, worker.name, *_takes(worker), **own)
        child.wait_until(lambda: _n_ready(log) > n_before)
        return child

    def stop(self, name: str) -> None:
        """End that process, or the one that took its place."""
        self.children[name].stop()

    def ended(self) -> list[Child]:
        """Return the processes that have ended."""
        return [child for child in self.children.values() if not child.is_running()]


@contextmanager
def started(number: int, folder: Path, say: Callable[[str], None] = lambda line: None) -> Iterator[Stack]:
    """Give the running stack of that phase, its database with the example shop; stop all of it afterwards.

    Raises CannotStart, NoPostgresql, NoRedis or DidNotStart.
    """
    phase = PHASES[number]
    folder.chmod(0o711)  # nginx's and PostgreSQL's own accounts pass through it to their folders
    stack = Stack(phase, folder, _environment(phase, folder))
    with ExitStack() as running:
        for part in (_data, _web, _background, _gateway):
            part(stack, running, say)
        yield stack


def _environment(phase: Phase, folder: Path) -> dict[str, str]:
    """Return what all processes are told; what the caller's own environment says comes first."""
    several = len(phase.web) > 1
    own = {
        "ENV_FILE": os.devnull,
        "SECRET_KEY": secrets.token_urlsafe(48),
        "ALLOWED_HOSTS": "localhost,127.0.0.1,[::1]",
        "SECURE_SSL_REDIRECT": "false",
        "API_OPEN_READS": "true",
        "DATABASE_URL": f"sqlite:///{folder / 'shop.sqlite3'}",
        "MODEL_DIR": str(folder / "models"),
        "WEB_WORKERS": "1" if several else "2",
        "TRUSTED_PROXIES": "1" if phase.has_gateway else "0",
    }
    return {**own, **os.environ}


def _data(stack: Stack, running: ExitStack, say: Callable[[str], None]) -> None:
    """Start what keeps data, and prepare the database before a web server reads the catalogue."""
    phase, env = stack.phase, stack.env
    if phase.has_postgresql and "DATABASE_URL" not in os.environ:
        folder = stack.folder / "postgresql"
        folder.mkdir(exist_ok=True)
        stack.cluster = Cluster(folder, free_port())
        running.callback(stack.cluster.stop)
        stack.cluster.start()
        stack.children["postgresql"] = stack.cluster.child
        env["DATABASE_URL"] = stack.cluster.url
        say(f"postgresql    127.0.0.1:{stack.cluster.port}")
    for wanted, name, variable, options in (
        (phase.has_cache, "redis-cache", CACHE_VARIABLE, EVICTING),
        (phase.has_broker, "redis-broker", BROKER_VARIABLE, KEEPING),
    ):
        if wanted and variable not in os.environ:
            port = free_port()
            _keep(stack, running, name, start_redis(stack.folder, port, *options))
            env[variable] = f"redis://127.0.0.1:{port}/0"
            say(f"{name:<13} 127.0.0.1:{port}")
    stack.manage("migrate", "--verbosity", "0")
    stack.manage("import_shop", str(SHOP), "--unless-imported", "--verbosity", "0")


def _web(stack: Stack, running: ExitStack, say: Callable[[str], None]) -> None:
    for name in stack.phase.web:
        stack.addresses[name] = f"http://127.0.0.1:{free_port()}"
        _keep(stack, running, name, stack.web(name))
        say(f"{name:<13} {stack.addresses[name]}")


def _background(stack: Stack, running: ExitStack, say: Callable[[str], None]) -> None:
    if not stack.phase.workers:
        return
    for worker in stack.phase.workers:
        stack.addresses[worker.name] = f"http://127.0.0.1:{free_port()}"
        _keep(stack, running, worker.name, stack.worker(worker))
        say(
            f"{worker.name:<13} takes from {', '.join(worker.queues)}; {stack.addresses[worker.name]}/metrics"
        )
    schedule = stack.folder / "schedule"
    _keep(stack, running, "beat", _celery(stack, "beat", "beat", "--schedule", str(schedule)))
    say("beat          starts what is due")


def _n_ready(log: Path) -> int:
    """Return how many times a worker has said that it is ready."""
    return log.read_text(encoding="utf-8").count(" ready.") if log.exists() else 0


def _takes(worker: Worker) -> tuple[str, ...]:
    return (
        *("worker", "--queues", ",".join(worker.queues), "--concurrency", str(worker.concurrency)),
        *("--hostname", f"{worker.name}@%h", "--without-gossip", "--without-mingle"),
    )


def _celery(stack: Stack, name: str, *arguments: str, **environment: str) -> Child:
    return start(
        name,
        [sys.executable, "-m", "celery", "--app", CELERY, *arguments, "--loglevel", "info"],
        log=stack.folder / f"{name}.log",
        env={**stack.env, "LOG_LEVEL": "INFO", **environment},  # a worker says when it is ready
        cwd=ROOT,
    )


def _gateway(stack: Stack, running: ExitStack, say: Callable[[str], None]) -> None:
    if not stack.phase.has_gateway:
        return
    program = nginx_binary()
    if program is None:
        stack.missing.append("nginx is not installed: ask the web servers themselves.")
        return
    port = int(os.environ.get("STACK_PORT") or free_port())
    folder = stack.folder / "nginx"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o711)
    ports = [int(stack.addresses[name].rpartition(":")[2]) for name in stack.phase.web]
    _keep(stack, running, "nginx", start_nginx(program, folder, port, ports))
    stack.addresses["gateway"] = f"http://127.0.0.1:{port}"
    say(f"{'nginx':<13} {stack.addresses['gateway']}")


def _keep(stack: Stack, running: ExitStack, name: str, child: Child) -> None:
    stack.children[name] = child
    running.callback(stack.stop, name)
