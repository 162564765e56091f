"""The whole service as plain processes on loopback."""

import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from recsite.http.healthcheck import is_healthy
from stack import nginx
from stack.phases import BROKER_VARIABLE, CACHE_VARIABLE, PHASES, Phase, Worker
from stack.postgresql import Cluster
from stack.processes import Child, StackError, free_port, start
from stack.redis_server import start_redis

ROOT = Path(__file__).resolve().parents[1]
SHOP = ROOT / "data" / "example_shop"
CACHE_OPTIONS = ("--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru")
BROKER_OPTIONS = ("--maxmemory-policy", "noeviction")


def run_manage(env: Mapping[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Return the finished run of `manage.py` with these arguments, whether it failed or not."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=env,
        check=False,
        capture_output=True,
        text=True,
    )


class Deployment:
    """The processes of one phase, by name, in the order in which they started.

    env:   the environment of every process of the service
    ports: where PostgreSQL, each Redis, web server and the gateway listen; of a worker, its metrics
    """

    def __init__(self, phase: Phase, folder: Path, report: Callable[[str], None]) -> None:
        self.phase, self.folder, self._report = phase, folder, report
        self.env = _environment(phase, folder)
        self.children: dict[str, Child] = {}
        self.ports: dict[str, int] = {}
        self._starters: dict[str, Callable[[], Child]] = {}

    @property
    def url(self) -> str:
        """The public address: the gateway's, or the first web server's where there is no gateway."""
        return self.url_of("gateway" if "gateway" in self.ports else self.phase.web[0])

    def url_of(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    def manage(self, *arguments: str) -> str:
        """Return the output of `manage.py` with these arguments. Raises StackError when it fails."""
        ran = run_manage(self.env, *arguments)
        if ran.returncode:
            raise StackError(f"manage.py {' '.join(arguments)} failed: {ran.stderr.strip()[-2000:]}")
        return ran.stdout

    def start(self, name: str) -> None:
        """Start that part at its port, and return when it is ready. Raises StackError."""
        self.children[name] = self._starters[name]()

    def stop(self) -> None:
        """Stop every process, the last one started first."""
        for child in reversed(self.children.values()):
            child.stop()

    def exited(self) -> list[Child]:
        return [child for child in self.children.values() if not child.is_running()]

    def start_all(self) -> None:
        """Start every part of the phase and import the example shop. Raises StackError."""
        self._start_data_stores()
        self.manage("migrate", "--verbosity", "0")
        self.manage("import_shop", str(SHOP), "--unless-imported", "--verbosity", "0")
        for place, name in enumerate(self.phase.web):
            is_entrance = place == 0 and not (self.phase.has_gateway and nginx.find_program())
            self._add(name, partial(self._web, name), port=_wanted_port() if is_entrance else 0)
        for worker in self.phase.workers:
            metrics = f" takes from {', '.join(worker.queues)}; /metrics is here"
            self._add(worker.name, partial(self._worker, worker), note=metrics)
        if self.phase.workers:
            schedule = str(self.folder / "schedule")
            self._starters["beat"] = partial(self._celery, "beat", "beat", "--schedule", schedule)
            self.start("beat")
        if self.phase.has_gateway:
            self._start_gateway()

    def _add(self, name: str, starter: Callable[[], Child], *, port: int = 0, note: str = "") -> None:
        self.ports[name] = port or free_port()
        self._starters[name] = starter
        self.start(name)
        self._report(f"{name:<17} http://127.0.0.1:{self.ports[name]}{note}")

    def _start_data_stores(self) -> None:
        """Start PostgreSQL and Redis, except those that the caller's environment names."""
        if self.phase.has_postgresql and "DATABASE_URL" not in os.environ:
            folder = self.folder / "postgresql"
            folder.mkdir(exist_ok=True)
            cluster = Cluster(folder, free_port())
            self.env["DATABASE_URL"] = cluster.url
            self._add("postgresql", cluster.start, port=cluster.port)
        for is_wanted, name, variable, options in (
            (self.phase.has_cache, "redis-cache", CACHE_VARIABLE, CACHE_OPTIONS),
            (self.phase.has_broker, "redis-broker", BROKER_VARIABLE, BROKER_OPTIONS),
        ):
            if is_wanted and variable not in os.environ:
                port = free_port()
                self.env[variable] = f"redis://127.0.0.1:{port}/0"
                self._add(name, partial(start_redis, self.folder, port, *options), port=port)

    def _start_gateway(self) -> None:
        program = nginx.find_program()
        if program is None:
            self._report("nginx is not installed: use the URLs of the web servers.")
            return
        folder = self.folder / "nginx"
        folder.mkdir(exist_ok=True)
        folder.chmod(0o711)
        port = _wanted_port() or free_port()
        web_ports = [self.ports[name] for name in self.phase.web]
        self._add("gateway", partial(nginx.start_nginx, program, folder, port, web_ports), port=port)

    def _web(self, name: str) -> Child:
        port = self.ports[name]
        child = start(
            name,
            [sys.executable, "-m", "recsite.serve"],
            log=self.folder / f"{name}.log",
            env={**self.env, "HOST": "127.0.0.1", "PORT": str(port)},
            cwd=ROOT,
        )
        child.wait_until(lambda: is_healthy(port))
        return child

    def _worker(self, worker: Worker) -> Child:
        log = self.folder / f"{worker.name}.log"
        n_before = _count_ready(log)
        child = self._celery(
            *(worker.name, "worker", "--queues", ",".join(worker.queues)),
            *("--concurrency", str(worker.concurrency), "--hostname", f"{worker.name}@%h"),
            *("--without-gossip", "--without-mingle"),
            HOST="127.0.0.1",
            WORKER_METRICS_PORT=str(self.ports[worker.name]),
        )
        child.wait_until(lambda: _count_ready(log) > n_before)
        return child

    def _celery(self, name: str, *arguments: str, **environment: str) -> Child:
        return start(
            name,
            [sys.executable, "-m", "celery", "--app", "recsite.celery", *arguments, "--loglevel", "info"],
            log=self.folder / f"{name}.log",
            env={**self.env, "LOG_LEVEL": "INFO", **environment},  # a worker logs when it is ready
            cwd=ROOT,
        )


def _environment(phase: Phase, folder: Path) -> dict[str, str]:
    """Return the environment of every process. Variables of the caller's environment come first."""
    own = {
        "ENV_FILE": os.devnull,
        "SECRET_KEY": secrets.token_urlsafe(48),
        "ALLOWED_HOSTS": "localhost,127.0.0.1,[::1]",
        "SECURE_SSL_REDIRECT": "false",
        "API_OPEN_READS": "true",
        "DATABASE_URL": f"sqlite:///{folder / 'shop.sqlite3'}",
        "MODEL_DIR": str(folder / "models"),
        "WEB_WORKERS": "1" if len(phase.web) > 1 else "2",
        "TRUSTED_PROXIES": "1" if phase.has_gateway else "0",
    }
    return {**own, **os.environ}


def _count_ready(log: Path) -> int:
    """Return how many times a worker has logged that it is ready."""
    return log.read_text(encoding="utf-8").count(" ready.") if log.exists() else 0


@contextmanager
def deployed(
    number: int, folder: Path, report: Callable[[str], None] = lambda line: None
) -> Iterator[Deployment]:
    """Yield the running phase with the example shop, and stop it afterwards. Raises StackError."""
    folder.chmod(0o711)  # the accounts of nginx and PostgreSQL pass through it to their folders
    deployment = Deployment(PHASES[number], folder, report)
    try:
        deployment.start_all()
        yield deployment
    finally:
        deployment.stop()


@contextmanager
def working_folder() -> Iterator[Path]:
    """Yield the folder of logs and data: STACK_DIR, which stays, or a temporary one."""
    named = os.environ.get("STACK_DIR")
    if named:
        folder = Path(named).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
    else:
        with tempfile.TemporaryDirectory(prefix="shop-stack-") as temporary:
            yield Path(temporary)


def _wanted_port() -> int:
    """Return the port at which the deployment is entered: STACK_PORT, or 0 for a free one."""
    return int(os.environ.get("STACK_PORT") or 0)
