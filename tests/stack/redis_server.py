"""A Redis server for one test, which the test may break."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stack.processes import Child, ServerNotFound, free_port
from stack.redis_server import start_redis
from tests.servers import skip_or_fail


class RedisServer:
    """A running Redis that can be killed, paused and filled, and restarted at the same port."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.child: Child
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self, *options: str) -> None:
        self.child = start_redis(self.folder, self.port, *options)

    def stop(self) -> None:
        self.child.resume()  # a paused process does not stop
        self.child.stop()

    def kill(self) -> None:
        self.child.kill()

    def pause(self) -> None:
        self.child.pause()

    def restart(self, *options: str) -> None:
        """Restart it empty, whatever its state."""
        self.stop()
        self.start(*options)

    def fill(self) -> None:
        """Restart it without room for new entries."""
        self.restart("--maxmemory", "1", "--maxmemory-policy", "noeviction")


@contextmanager
def redis_server(folder: Path) -> Iterator[RedisServer]:
    """Yield a server, or skip the test if none is installed."""
    try:
        server = RedisServer(folder)
    except ServerNotFound as error:
        skip_or_fail(f"No faults of Redis: {error}.")
    yield server
    server.stop()
