"""The checks of the site: as functions, and as `manage.py check` runs them."""

import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.checks.registry import registry

from recsite import checks
from recsite.config import env
from recsite.config.env import ROOT
from recsite.config.redis_address import database_of, server_of
from recsite.config.variables import unknown

# `manage.py migrate`, and the files that it has while the database is open.
CREATE_AND_KEEP_OPEN = """
import os, pathlib
os.environ["DJANGO_SETTINGS_MODULE"] = "recsite.settings"
from django.core.management import execute_from_command_line
execute_from_command_line(["manage.py", "migrate", "sessions", "--verbosity", "0"])
from django.conf import settings
from django.db import connection
connection.cursor().execute("SELECT count(*) FROM django_migrations")
folder = pathlib.Path(settings.DATABASES["default"]["NAME"]).parent
print(*(f"{path.name} {path.stat().st_mode & 0o777:o}" for path in folder.iterdir()), sep="\\n")
"""


def check(*more: str, cache: str = "", broker: str = "", **others: str) -> subprocess.CompletedProcess[str]:
    """Return what `manage.py check` says of these addresses and other variables."""
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
            **others,
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

    def test_has_nothing_against_two_servers(self):
        two = {"cache": "redis://127.0.0.1:6379/0", "broker": "redis://127.0.0.1:6380/0"}

        assert check("--deploy", **two).returncode == 0


def checked(check, monkeypatch: pytest.MonkeyPatch, **variables: str) -> list[str]:
    """Return the messages of the check with these variables and no others of ours."""
    for name, value in {"ENV_FILE": os.devnull, **variables}.items():
        monkeypatch.setenv(name, value)
    environment = env.read()
    databases = {"default": {"ENGINE": environment.database["ENGINE"], "NAME": environment.database["NAME"]}}
    settings = SimpleNamespace(
        ENV=environment, DATABASES=databases, CELERY_BROKER_URL=environment.celery_broker_url
    )
    monkeypatch.setattr(checks, "settings", settings)
    return [message.msg for message in check(None)]


class TestBroker:
    def test_on_the_server_of_the_cache_is_warned_of_where_it_is_deployed(self, monkeypatch):
        one_server = {
            "REDIS_URL": "redis://127.0.0.1:6379/0",
            "CELERY_BROKER_URL": "redis://127.0.0.1:6379/1",
        }

        (said,) = checked(checks.broker_has_its_own_server, monkeypatch, **one_server)

        assert said.startswith("REDIS_URL and CELERY_BROKER_URL name the same server.")
        assert checked(checks.broker_is_not_cache, monkeypatch, **one_server) == []
        assert checks.broker_has_its_own_server in registry.get_checks(include_deployment_checks=True)
        assert checks.broker_has_its_own_server not in registry.get_checks()

    @pytest.mark.parametrize(
        ("cache", "broker"),
        [
            ("redis://127.0.0.1:6379/0", "amqp://127.0.0.1:5672//"),
            ("redis://127.0.0.1:6379/0", ""),
            ("", "redis://127.0.0.1:6379/0"),
        ],
    )
    def test_elsewhere_is_not_warned_of(self, monkeypatch, cache, broker):
        addresses = {"REDIS_URL": cache, "CELERY_BROKER_URL": broker}

        for each in (checks.broker_is_not_cache, checks.broker_has_its_own_server):
            assert checked(each, monkeypatch, **addresses) == []


class TestVariables:
    def test_that_nothing_reads_are_named_with_the_nearest(self, monkeypatch, tmp_path: Path):
        file = tmp_path / ".env"
        file.write_text(
            "SECRET_KEY=0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP\nALLOWED_HOST=shop.example\n"
            "redis_url=\nSTACK_PORT=8001\nPOSTGRES_PASSWORD=x\nOTEL_SERVICE_NAME=x\nGATEWAY_PORT=80\nCOLOUR=red\n"
        )
        monkeypatch.setenv("NOT_OURS_EITHER", "in the environment of the process")

        said = checked(checks.variables_are_known, monkeypatch, ENV_FILE=str(file))

        assert [text.split()[0] for text in said] == ["ALLOWED_HOST", "COLOUR", "redis_url"]
        hints = [message.hint for message in checks.variables_are_known(None)]
        assert hints == [
            "Did you mean ALLOWED_HOSTS?",
            "docs/settings.md has all variables.",
            "Did you mean REDIS_URL?",
        ]
        assert checks.variables_are_known in registry.get_checks(include_deployment_checks=True)

    def test_of_compose_yaml_are_known(self):
        named = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "compose.yaml").read_text()))

        example = re.findall(r"^#?([A-Z][A-Z_0-9]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)

        assert unknown(named - {"REDISCLI_AUTH"}, example) == {}


class TestInsecure:
    @pytest.mark.parametrize("name", ["ALLOW_WEAK_KEYS", "ALLOW_ANY_HOST", "ALLOW_PLAIN_HTTP_MODEL"])
    def test_is_warned_of(self, monkeypatch, name):
        (said,) = checked(checks.nothing_insecure_is_allowed, monkeypatch, **{name: "true"})

        assert said.startswith(f"{name} is true: ")

    def test_is_nothing_by_default(self, monkeypatch):
        assert checked(checks.nothing_insecure_is_allowed, monkeypatch) == []


class TestConnections:
    @pytest.mark.parametrize(
        ("name", "url"),
        [
            ("REDIS_URL", "redis://:secret-8712@cache.internal:6379/0"),
            ("CELERY_BROKER_URL", "amqp://me:secret-8712@broker.internal//"),
            ("DATABASE_URL", "postgres://me:secret-8712@db.internal/shop"),
            ("DATABASE_URL", "postgres://me:secret-8712@db.internal/shop?sslmode=prefer"),
            ("SENTRY_DSN", "http://secret-8712@sentry.internal/1"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318"),
        ],
    )
    def test_without_encryption_are_warned_of(self, monkeypatch, name, url):
        monkeypatch.setattr("recsite.config.validation.find_spec", lambda package: True)

        (said,) = checked(checks.connections_are_encrypted, monkeypatch, **{name: url})

        assert said.startswith(f"{name} names a server on another machine without encryption")
        assert "secret-8712" not in said

    @pytest.mark.parametrize(
        ("name", "url"),
        [
            ("REDIS_URL", "rediss://cache.internal:6379/0"),
            ("REDIS_URL", "unix:///run/redis.sock"),
            ("REDIS_URL", "redis://127.0.0.1:6379/0"),
            ("CELERY_BROKER_URL", "amqps://broker.internal//"),
            ("DATABASE_URL", "postgres://me@db.internal/shop?sslmode=verify-full"),
            ("DATABASE_URL", "postgres:///shop"),
            ("DATABASE_URL", "postgres://me@[::1]/shop"),
        ],
    )
    def test_with_encryption_or_on_this_machine_are_not(self, monkeypatch, name, url):
        assert checked(checks.connections_are_encrypted, monkeypatch, **{name: url}) == []


class TestFiles:
    @pytest.mark.parametrize("ending", ["", "-wal", "-shm", "-journal", "-turns"])
    def test_of_the_database_that_others_can_read_are_warned_of(self, tmp_path, monkeypatch, ending):
        file, url = tmp_path / f"shop.sqlite3{ending}", f"sqlite:///{tmp_path / 'shop.sqlite3'}"
        file.touch(mode=0o600)

        before = checked(checks.files_are_private, monkeypatch, DATABASE_URL=url)
        file.chmod(0o604)
        after = checked(checks.files_are_private, monkeypatch, DATABASE_URL=url)

        assert before == []
        assert after == [f"{file} can be read or changed by every account of this machine."]

    def test_of_the_environment_that_others_can_read_are_warned_of(self, tmp_path, monkeypatch):
        file = tmp_path / "shop.env"
        file.write_text("TIME_ZONE=UTC\n")
        file.chmod(0o604)

        said = checked(checks.files_are_private, monkeypatch, ENV_FILE=str(file))

        assert said == [f"{file} can be read or changed by every account of this machine."]
        assert checks.files_are_private in registry.get_checks()

    def test_that_commands_create_are_private(self, tmp_path):
        """Whatever the umask of the shell is."""
        ran = subprocess.run(
            ["/bin/sh", "-c", 'umask 000; exec "$@"', "sh", sys.executable, "-c", CREATE_AND_KEEP_OPEN],
            cwd=ROOT,
            env={
                "PATH": os.environ["PATH"],
                "ENV_FILE": os.devnull,
                "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP",
                "DATABASE_URL": f"sqlite:///{tmp_path / 'shop.sqlite3'}",
            },
            capture_output=True,
            text=True,
            check=False,
        )

        assert ran.returncode == 0, ran.stderr
        modes = dict(line.split() for line in ran.stdout.splitlines())
        assert modes == dict.fromkeys(
            [f"shop.sqlite3{ending}" for ending in ("", "-wal", "-shm", "-turns")], "600"
        )


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
