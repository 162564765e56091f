"""The servers of the tests: real, found in a stated order, missed aloud, and gone when the run is."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from urllib.parse import urlsplit

import psycopg
import pytest
from redis import Redis

from stack.processes import ServerNotFound
from tests import servers

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 100
# Says where its database is, then waits to be told.
TELLING = "import os; print(os.environ['DATABASE_URL'], flush=True); input()"


@contextmanager
def none_there() -> Iterator[str]:
    raise ServerNotFound("there is none")
    yield ""


def is_closed_soon(port: int) -> bool:
    """Whether nobody listens there, now or within some seconds."""
    pause = Event()
    for _ in range(PATIENCE_SECONDS * 20):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return True
        pause.wait(0.05)
    return False


class TestPostgresql:
    def test_answers(self, postgresql_url: str):
        with psycopg.connect(postgresql_url) as connection:
            found = connection.execute("SELECT current_database()").fetchone()

        assert found is not None

    def test_is_the_one_that_the_environment_names(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("DATABASE_URL", "postgres://me@db.example/shop")

        with servers.postgresql() as url:
            assert url == "postgres://me@db.example/shop"

    def test_lacks_with_one_line_that_says_what_to_do(self, monkeypatch: pytest.MonkeyPatch, capsys):
        monkeypatch.setattr(servers, "cluster", none_there)
        monkeypatch.delenv("DATABASE_URL", raising=False)
        monkeypatch.delenv("CI", raising=False)

        code = servers.main(["-c", "raise SystemExit('never run')"])

        assert code == 0
        output = capsys.readouterr().out
        assert output == "No tests on PostgreSQL: there is none. Set DATABASE_URL, or install one.\n"

    def test_must_be_there_where_changes_are_judged(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(servers, "cluster", none_there)
        monkeypatch.delenv("DATABASE_URL", raising=False)
        monkeypatch.setenv("CI", "true")

        assert servers.main(["-c", ""]) == 1


class TestRun:
    @pytest.fixture
    def env(self) -> Iterator[dict[str, str]]:
        """No server, and a place that anybody may enter for what a run that is killed cannot clear away."""
        with tempfile.TemporaryDirectory() as place:
            Path(place).chmod(0o755)
            others = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
            yield {**others, "TMPDIR": place}

    def test_ends_as_the_tests_did(self, env: dict[str, str]):
        ran = subprocess.run(
            [sys.executable, "-m", "tests.servers", "-c", "raise SystemExit(3)"],
            cwd=ROOT,
            env=env,
            check=False,
        )

        assert ran.returncode == 3

    @pytest.mark.parametrize(
        "reported", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda s: s.name
    )
    def test_leaves_no_server_behind_however_it_is_ended(self, env: dict[str, str], reported: signal.Signals):
        if reported == signal.SIGKILL and sys.platform != "linux":
            pytest.skip("Only Linux tells a process that the one which started it was killed.")
        run = subprocess.Popen(
            [sys.executable, "-m", "tests.servers", "-c", TELLING],
            cwd=ROOT,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            text=True,
        )
        with run:
            assert run.stdout is not None
            port = urlsplit(run.stdout.readline().strip()).port
            assert port is not None

            os.killpg(run.pid, reported)

            run.wait(PATIENCE_SECONDS)
        assert is_closed_soon(port)


class TestRedis:
    def test_answers(self, redis_url: str):
        with Redis.from_url(redis_url) as client:
            assert client.ping()
            client.set("left", "behind")

    def test_is_empty_for_the_next_test(self, redis_url: str):
        with Redis.from_url(redis_url) as client:
            assert client.dbsize() == 0

    def test_is_the_one_that_the_environment_names(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("TESTS_REDIS_URL", "redis://cache.example:6380/5")

        with servers.a_redis() as url:
            assert url == "redis://cache.example:6380"

    def test_lacks_with_one_line_that_says_what_to_do(self, monkeypatch: pytest.MonkeyPatch):
        def none() -> Iterator[str]:
            raise ServerNotFound("there is none")

        monkeypatch.setattr(servers, "redis", none)
        monkeypatch.setenv("TESTS_REDIS_URL", "")

        with pytest.raises(servers.NoServer, match=r"^No tests on Redis: there is none\. Set REDIS_URL"):
            servers.a_redis().__enter__()
