"""A PostgreSQL that falls silent: whatever waits for it ends, and slow statements are waited for."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import OperationalError

from recsite.config.databases import PoolSize
from recsite.postgresql.base import DatabaseWrapper
from stack.postgresql import Cluster
from tests.integration.pooled import pooled
from tests.servers import own_postgresql
from tests.silence import SilentProxy
from tests.waiting import PATIENCE_SECONDS, until

LIMIT_SECONDS = 1.0


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    with own_postgresql() as made:
        yield made


@pytest.fixture
def proxy(server: Cluster) -> Iterator[SilentProxy]:
    port = urlsplit(server.url).port
    assert port
    with SilentProxy(port) as made:
        yield made


@pytest.fixture
def connect(
    server: Cluster, proxy: SilentProxy, request: pytest.FixtureRequest, django_db_blocker: Any
) -> Iterator[Callable[[], DatabaseWrapper]]:
    """Return a function that makes a connection through the proxy; all share one pool."""
    made: list[DatabaseWrapper] = []
    url = server.url.replace(f":{urlsplit(server.url).port}/", f":{proxy.port}/")
    size = PoolSize(1, 4, PATIENCE_SECONDS, LIMIT_SECONDS)

    def connected() -> DatabaseWrapper:
        made.append(pooled(url, size, alias=request.node.name))
        return made[-1]

    with django_db_blocker.unblock():
        yield connected
        for wrapper in made:
            until_over(wrapper)
            wrapper.close()
        if made:
            made[0].close_pool()


def until_over(database: DatabaseWrapper) -> None:
    until(lambda: not database.outage.is_on)


def ask(database: DatabaseWrapper, sql: str = "SELECT 1") -> Any:
    with database.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


class TestSilence:
    def test_ends_a_statement_with_a_clear_error(self, proxy: SilentProxy, connect):
        database = connect()
        assert ask(database) == 1

        with proxy.silence(), pytest.raises(OperationalError, match="has not answered for 1 seconds"):
            ask(database)

    def test_refuses_the_next_at_once(self, proxy: SilentProxy, connect):
        database, another = connect(), connect()
        assert ask(database) == 1

        with proxy.silence():
            with pytest.raises(OperationalError, match="has not answered"):
                ask(database)
            with pytest.raises(OperationalError, match="could not be reached a moment ago"):
                ask(another)

    def test_leaves_no_connection_from_before_it_in_the_pool(self, proxy: SilentProxy, connect):
        databases = [connect() for _ in range(3)]
        before = {ask(database, "SELECT pg_backend_pid()") for database in databases}
        for database in databases[1:]:
            database.close()
        with proxy.silence(), pytest.raises(OperationalError):
            ask(databases[0])

        until_over(databases[0])

        after = {ask(database, "SELECT pg_backend_pid()") for database in databases[1:]}
        assert not before & after

    def test_is_over_when_the_server_is_heard_again(self, proxy: SilentProxy, connect):
        database = connect()
        ask(database)
        with proxy.silence(), pytest.raises(OperationalError):
            ask(database)
        with suppress(OperationalError):
            database.close()

        def is_heard() -> bool:
            with suppress(OperationalError):
                return bool(ask(connect()) == 1)
            return False

        until(is_heard)


class TestSlowStatement:
    def test_is_waited_for(self, connect):
        assert ask(connect(), "SELECT 7 FROM pg_sleep(2.5)") == 7

    def test_is_waited_for_while_it_waits_for_a_lock(self, connect):
        holder, waiter = connect(), connect()
        waiter.inc_thread_sharing()
        ask(holder, "SELECT 1 FROM pg_advisory_lock(1)")
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(ask, waiter, "SELECT 1 FROM pg_advisory_lock(1)")
            ask(holder, "SELECT 1 FROM pg_sleep(1.5)")
            ask(holder, "SELECT pg_advisory_unlock(1)")

            assert waiting.result() == 1
