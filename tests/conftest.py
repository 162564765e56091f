"""What every test starts from: nothing kept in the process, no network but loopback; and real servers."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import connection, transaction
from hypothesis import settings
from redis import Redis

from recommendations import wiring
from recommendations.batch import queue
from recsite import broker
from recsite.cache import redis
from recsite.http import throttling
from tests import servers, strict_templates
from tests.database_files import DatabaseFiles
from tests.waiting import PATIENCE_SECONDS

# How long an example takes depends on what else the machine does.
settings.register_profile("any machine", deadline=None)
settings.register_profile("fast", deadline=None, max_examples=15)  # `make test-fast` names it
settings.load_profile("any machine")
# So that a Redis that answers late, on a machine with much else to do, is not taken for one that is away.
redis.TIMEOUT_SECONDS = broker.TIMEOUT_SECONDS = queue.PATIENCE_SECONDS = PATIENCE_SECONDS

LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0")  # noqa: S104  addresses to recognise, not to bind


def _only_loopback(event: str, arguments: tuple[object, ...]) -> None:
    """Refuse to connect to any other machine."""
    if event == "socket.connect":
        address = arguments[1]
        if isinstance(address, tuple) and not str(address[0]).startswith(LOOPBACK):
            raise RuntimeError(f"A test reached for the network: {address[0]}")


sys.addaudithook(_only_loopback)
strict_templates.install()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is the same on any database, on PostgreSQL, and start with the longest test.

    So no process is left alone with it at the end.
    """
    if connection.vendor == "postgresql":
        config.hook.pytest_deselected(items=[item for item in items if not _depends_on_database(item)])
        items[:] = [item for item in items if _depends_on_database(item)]
    items.sort(key=lambda item: item.path.name != "test_readme.py")


def _depends_on_database(item: pytest.Item) -> bool:
    used = item.get_closest_marker("django_db") or "db" in getattr(item, "fixturenames", ())
    return bool(used) and not item.get_closest_marker("any_database")


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    wiring.forget()
    throttling.forget()
    yield
    wiring.forget()


@pytest.fixture(autouse=True)
def _no_missing_names() -> Iterator[None]:
    """Fail a test in which one of the project's templates names something that does not exist."""
    strict_templates.missing.clear()
    yield
    assert strict_templates.missing == []


@pytest.fixture(scope="module")
def rows_of_a_module(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Let a module's fixture create rows that all of its tests find, as `setUpTestData` does."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


def _running(server: Callable[[], AbstractContextManager[str]]) -> Iterator[str]:
    with ExitStack() as stack:
        try:
            address = stack.enter_context(server())
        except servers.NoServer as error:
            servers.skip_or_fail(error)
        yield address


@pytest.fixture(scope="session")
def _redis() -> Iterator[str]:
    yield from _running(servers.a_redis)


@pytest.fixture
def redis_url(_redis: str) -> str:
    """The address of a real, empty Redis, one database of it for each process of a run."""
    number = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    url = f"{_redis}/{number}"
    with Redis.from_url(url) as client:
        client.flushdb()
    return url


@pytest.fixture(scope="session")
def database_files(tmp_path_factory: pytest.TempPathFactory) -> DatabaseFiles:
    """SQLite databases to copy, for tests that start processes of their own."""
    base = tmp_path_factory.getbasetemp()
    # Each process of a run has a folder of its own in that of the run.
    return DatabaseFiles((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "databases")


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """The address of a real PostgreSQL, for tests that start processes of their own."""
    yield from _running(servers.postgresql)


@contextmanager
def new_database(url: str, name: str) -> Iterator[str]:
    """Give the address of a new database on that PostgreSQL, gone afterwards."""
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            yield urlsplit(url)._replace(path=f"/{name}").geturl()
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def own_postgresql(postgresql_url: str) -> Iterator[str]:
    """The address of a new database on a real PostgreSQL, gone afterwards."""
    with new_database(postgresql_url, f"shared_{os.getpid()}") as url:
        yield url
