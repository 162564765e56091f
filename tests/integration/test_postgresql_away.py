"""What a process sees of a PostgreSQL that stops and starts: refused soon, and at ease again by itself."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.db import OperationalError

from recsite.config.databases import PoolSize
from recsite.postgresql.base import DatabaseWrapper
from stack.postgresql import Cluster
from tests.integration.pooled import pooled
from tests.servers import own_postgresql
from tests.waiting import PATIENCE_SECONDS, until

SHORT_SECONDS = 0.5  # of who asks a server that is away


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    """A PostgreSQL that may be stopped."""
    with own_postgresql() as made:
        yield made


@pytest.fixture
def connect(
    server: Cluster, request: pytest.FixtureRequest, django_db_blocker: Any
) -> Iterator[Callable[[float], DatabaseWrapper]]:
    """Return what makes a connection of this process to it, with a pool of its own that waits so long."""
    made: list[DatabaseWrapper] = []

    def connected(patience_seconds: float) -> DatabaseWrapper:
        made.append(pooled(server.url, PoolSize(1, 2, patience_seconds, 2.0), alias=request.node.name))
        return made[-1]

    with django_db_blocker.unblock():
        yield connected
    for wrapper in made:
        wrapper.close()
        wrapper.close_pool()


def ask(database: DatabaseWrapper) -> int:
    """Return 1, as a request would on a connection that it gives back."""
    try:
        with database.cursor() as cursor:
            cursor.execute("SELECT 1")
            return int(cursor.fetchone()[0])
    finally:
        # What is broken cannot be given back; a request does not mind, either.
        with suppress(OperationalError):
            database.close()


class TestConnection:
    def test_is_whole_when_the_server_came_back_meanwhile(self, server: Cluster, connect):
        database = connect(PATIENCE_SECONDS)
        assert ask(database) == 1

        server.stop()
        server.start()

        assert ask(database) == 1

    def test_that_died_at_rest_answers_a_read_all_the_same(self, server: Cluster, connect):
        database = connect(PATIENCE_SECONDS)
        assert database.fetch("SELECT 1", []) == [(1,)]
        database.close()

        server.stop()
        server.start()

        assert database.fetch("SELECT 1", []) == [(1,)]

    def test_that_died_at_rest_takes_a_write_all_the_same(self, server: Cluster, connect):
        database = connect(PATIENCE_SECONDS)
        create = "CREATE TABLE IF NOT EXISTS taken (value int)"
        with database.cursor() as cursor:
            cursor.execute(create)
        database.close()

        server.stop()
        server.start()

        assert database.write("INSERT INTO taken VALUES (%s) RETURNING value", [1]) == [(1,)]
        assert database.fetch("SELECT value FROM taken", []) == [(1,)]

    def test_that_dies_during_a_write_does_not_repeat_it(self, connect):
        """Nobody knows whether it was committed, so it could be stored twice."""
        database = connect(PATIENCE_SECONDS)
        with database.cursor() as cursor:
            cursor.execute("CREATE SEQUENCE attempts")

        with pytest.raises(OperationalError):
            database.write("SELECT nextval('attempts'), pg_terminate_backend(pg_backend_pid())", [])
        database.close()

        assert database.fetch("SELECT last_value FROM attempts", []) == [(1,)]

    def test_that_dies_in_a_transaction_fails_it(self, server: Cluster, connect):
        """A read that is repeated would not see what the transaction had written."""
        database = connect(PATIENCE_SECONDS)
        database.set_autocommit(False)
        database.in_atomic_block = True
        database.fetch("SELECT 1", [])
        server.stop()
        server.start()

        with pytest.raises(OperationalError):
            database.fetch("SELECT 1", [])
        database.in_atomic_block = False
        database.close()

    @pytest.mark.parametrize("is_preparing", [True, False])
    def test_prepares_the_statements_of_fetch_unless_told_not_to(self, connect, is_preparing: bool):
        database = connect(PATIENCE_SECONDS)
        database.settings_dict["OPTIONS"]["prepare_threshold"] = 5 if is_preparing else None

        database.fetch("SELECT %s::int", [1])

        names = database.fetch(
            "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %s", ["%$1::int"]
        )
        assert names == [(1 if is_preparing else 0,)]

    def test_reads_on_after_a_migration_changed_what_it_had_prepared(self, server: Cluster, connect):
        database = connect(PATIENCE_SECONDS)
        with database.cursor() as cursor:
            cursor.execute("CREATE TABLE changing (value int)")
            cursor.execute("INSERT INTO changing VALUES (1)")
        assert database.fetch("SELECT * FROM changing", []) == [(1,)]
        with database.cursor() as cursor:
            cursor.execute("ALTER TABLE changing ALTER value TYPE text")

        assert database.fetch("SELECT * FROM changing", []) == [("1",)]

    def test_is_refused_at_once_after_somebody_waited_in_vain(self, server: Cluster, connect):
        database = connect(SHORT_SECONDS)
        server.stop()
        try:
            with pytest.raises(OperationalError):
                ask(database)

            with pytest.raises(OperationalError, match="could not be reached a moment ago"):
                ask(database)
        finally:
            server.start()

    def test_is_had_again_when_the_server_is_back(self, server: Cluster, connect):
        database = connect(SHORT_SECONDS)
        server.stop()
        with pytest.raises(OperationalError):
            ask(database)

        server.start()

        def is_had() -> bool:
            with suppress(OperationalError):
                return ask(database) == 1
            return False

        until(is_had)
