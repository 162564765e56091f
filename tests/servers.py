"""Real servers for the tests, from the first of: the environment, the system, the packages.

`python -m tests.servers -m pytest tests/api` runs Python with these arguments and DATABASE_URL set to a
PostgreSQL. All processes of a run share it, and each has a database of its own.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import NoReturn

import pytest

from stack.postgresql import Cluster, cluster
from stack.processes import ServerNotFound, exit_with_parent
from stack.redis_server import redis


class NoServer(RuntimeError):
    """There is no such server to test with; the message says what to do."""


def are_required() -> bool:
    """Whether a server that is missing is a failure, as it is where changes are judged."""
    return os.environ.get("CI", "").lower() in ("1", "true", "yes")


def skip_or_fail(reason: object) -> NoReturn:
    """Skip the test that lacks a server, or fail it where servers are required."""
    (pytest.fail if are_required() else pytest.skip)(str(reason))


@contextmanager
def postgresql() -> Iterator[str]:
    """Give the address of a PostgreSQL in which one may make databases. Raises NoServer."""
    given = os.environ.get("DATABASE_URL", "")
    if given.startswith(("postgres://", "postgresql://")):
        yield given
        return
    try:
        with cluster() as made:
            yield made.url
    except ServerNotFound as error:
        raise NoServer(f"No tests on PostgreSQL: {error}. Set DATABASE_URL, or install one.") from error


@contextmanager
def own_postgresql() -> Iterator[Cluster]:
    """Yield a new PostgreSQL that the test may stop and break, or skip the test if none is installed."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(cluster())
        except ServerNotFound as error:
            skip_or_fail(f"No tests on PostgreSQL: {error}.")
        yield server


@contextmanager
def a_redis() -> Iterator[str]:
    """Give the address of a Redis, without the number of a database. Raises NoServer."""
    # tests/settings.py hides REDIS_URL from the product, which without it must do.
    given = os.environ.get("TESTS_REDIS_URL") or os.environ.get("REDIS_URL", "")
    if given:
        scheme, _, rest = given.partition("://")
        yield f"{scheme}://{rest.partition('/')[0]}"
        return
    try:
        with redis() as url:
            yield url.removesuffix("/0")
    except ServerNotFound as error:
        raise NoServer(f"No tests on Redis: {error}. Set REDIS_URL, or install one.") from error


def main(arguments: list[str]) -> int:
    """Run Python with these arguments and a PostgreSQL; return its exit code, whatever interrupts it."""
    signal.signal(signal.SIGTERM, _leave)
    # Whoever starts it in the background may have it deaf to this.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with ExitStack() as stack:
        try:
            address = stack.enter_context(postgresql())
        except NoServer as error:
            sys.stdout.write(f"{error}\n")
            return 1 if are_required() else 0
        return _ran([sys.executable, *arguments], {**os.environ, "DATABASE_URL": address})


def _ran(command: list[str], env: dict[str, str]) -> int:
    child = subprocess.Popen(command, env=env, preexec_fn=lambda: exit_with_parent(signal.SIGTERM))  # noqa: PLW1509
    try:
        return child.wait()
    except KeyboardInterrupt:  # which the terminal tells the child, too
        return child.wait()
    finally:
        if child.poll() is None:
            child.terminate()
            child.wait()


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
