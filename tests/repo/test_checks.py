"""The checks of the cache and the broker: as functions, and as `manage.py check` runs them."""

import os
import subprocess
import sys

import pytest

from recsite.config.env import ROOT
from recsite.config.redis_address import database_of, server_of


def check(*more: str, cache: str, broker: str) -> subprocess.CompletedProcess[str]:
    """Return what `manage.py check` says of these two addresses."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--fail-level", "WARNING", *more],
        cwd=ROOT,
        env={
            **kept,
            "ENV_FILE": os.devnull,
            "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP",
            "ALLOWED_HOSTS": "shop.example",
            "REDIS_URL": cache,
            "CELERY_BROKER_URL": broker,
        },
        capture_output=True,
        text=True,
        check=False,
    )


class TestCheck:
    def test_refuses_one_database_for_both(self):
        ran = check(cache="redis://:secret-8712@127.0.0.1:6379", broker="redis://localhost:6379/0")

        assert ran.returncode != 0
        assert "recsite.E002" in ran.stderr
        assert "secret-8712" not in ran.stdout + ran.stderr

    def test_warns_of_one_server_for_both_where_it_is_deployed(self):
        one_server = {"cache": "redis://127.0.0.1:6379/0", "broker": "redis://127.0.0.1:6379/1"}

        assert check(**one_server).returncode == 0
        deployed = check("--deploy", **one_server)
        assert deployed.returncode != 0
        assert "recsite.W001" in deployed.stderr
        assert "recsite.E002" not in deployed.stderr

    @pytest.mark.parametrize(
        ("cache", "broker"),
        [
            ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6380/0"),
            ("redis://127.0.0.1:6379/0", "amqp://127.0.0.1:5672//"),
            ("redis://127.0.0.1:6379/0", ""),
            ("", "redis://127.0.0.1:6379/0"),
        ],
    )
    def test_has_nothing_against_two_servers(self, cache: str, broker: str):
        assert check("--deploy", cache=cache, broker=broker).returncode == 0


class TestDatabaseOf:
    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("redis://cache", "redis://cache:6379/0"),
            ("redis://user:word@cache/2", "rediss://cache:6379/2"),
            ("redis://localhost/1", "redis://127.0.0.1:6379/1"),
            ("redis://cache?db=3", "redis://cache/3"),
            ("unix:///run/redis.sock?db=1", "unix:///run/redis.sock?db=1"),
        ],
    )
    def test_is_the_same_however_it_is_spelled(self, one: str, other: str):
        assert database_of(one) == database_of(other) is not None

    @pytest.mark.parametrize(
        "other", ["redis://cache/1", "redis://cache:6380/0", "redis://broker/0", "amqp://cache"]
    )
    def test_tells_others_apart(self, other: str):
        assert database_of("redis://cache/0") != database_of(other)

    def test_is_nothing_for_what_is_no_redis(self):
        assert (server_of("amqp://cache"), database_of("")) == (None, None)
