"""System checks of the deployment. `manage.py check --deploy` runs all of them."""

import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.db import DatabaseError, connections

from recsite.config.databases import SQLITE
from recsite.config.env import env_file
from recsite.config.insecure import is_loopback
from recsite.config.redis_address import database_of, server_of

# The files that SQLite keeps next to a database.
SQLITE_ENGINES = (SQLITE, "recsite.sqlite")
SQLITE_FILES = ("", "-wal", "-shm", "-journal", "-turns")
ENCRYPTED = {"require", "verify-ca", "verify-full"}


def reads_are_closed(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Return an error if the API can be read without logging in."""
    if not settings.API_OPEN_READS:
        return []
    return [
        Error(
            "API_OPEN_READS is true: anyone who reaches the server can read every shopper's history.",
            hint="Set API_OPEN_READS=false. true is only for trying the service on your own machine.",
            id="recsite.E001",
        )
    ]


def broker_is_not_cache(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Return an error if the cache and the broker use the same Redis database."""
    cache, broker = settings.ENV.redis_url, settings.CELERY_BROKER_URL
    if database_of(cache) is None or database_of(cache) != database_of(broker):
        return []
    return [
        Error(
            "REDIS_URL and CELERY_BROKER_URL name the same database: waiting tasks could be evicted to make "
            "room for the cache, or be deleted when it is cleared.",
            hint="Give the broker a Redis of its own, with maxmemory-policy noeviction.",
            id="recsite.E002",
        )
    ]


def broker_has_its_own_server(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Return a warning if the cache and the broker share a Redis server, and so its eviction policy."""
    cache, broker = settings.ENV.redis_url, settings.CELERY_BROKER_URL
    if server_of(cache) is None or server_of(cache) != server_of(broker):
        return []
    if database_of(cache) == database_of(broker):
        return []  # E002 reports it
    return [
        Warning(
            "REDIS_URL and CELERY_BROKER_URL name the same server. Its maxmemory-policy applies to both: it "
            "either evicts waiting tasks, or rejects new cache entries.",
            hint="Give the broker a Redis of its own, with maxmemory-policy noeviction.",
            id="recsite.W001",
        )
    ]


def database_is_of_this_version(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Return an error for each database in which the shop's users have passwords. 2 queries each.

    Its migrations were replaced before the first release, so it cannot be migrated.
    """
    return [
        Error(
            f"The database {alias!r} was made by a version before 0.1.0 and cannot be migrated.",
            hint="Name a new one in DATABASE_URL, run `manage.py migrate`, import the shop again with "
            "`manage.py import_shop`, and create accounts with `manage.py createsuperuser`. "
            "Export data that only the old database has with the version that made it.",
            id="recsite.E003",
        )
        for alias in databases or ()
        if _has_passwords_of_users(alias)
    ]


def variables_are_known(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Return a warning for each variable of the file .env that nothing reads, such as a misspelled one."""
    return [
        Warning(
            f"{name} in {env_file()} is not read by anything.",
            hint=f"Did you mean {nearest}?" if nearest else "docs/settings.md has all variables.",
            id="recsite.W005",
        )
        for name, nearest in settings.ENV.unknown_variables.items()
    ]


def nothing_insecure_is_allowed(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Return a warning for each variable that allows what is otherwise refused."""
    env = settings.ENV
    return [
        Warning(f"{name} is true: {effect}.", hint=f"Set {name}=false.", id="recsite.W002")
        for name, is_on, effect in (
            ("ALLOW_WEAK_KEYS", env.allow_weak_keys, "keys that others can guess are accepted"),
            ("ALLOW_ANY_HOST", env.allow_any_host, "links are made from the Host header of strangers"),
            ("ALLOW_PLAIN_HTTP_MODEL", env.allow_plain_http_model, "shoppers' data is sent unencrypted"),
        )
        if is_on
    ]


def connections_are_encrypted(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Return a warning for each server on another machine that is reached without TLS."""
    return [
        Warning(
            f"{name} names a server on another machine without encryption: {loss} can be read and changed "
            f"on the way.",
            hint=hint,
            id="recsite.W003",
        )
        for name, loss, hint in _unencrypted()
    ]


def _unencrypted() -> Iterator[tuple[str, str, str]]:
    """Yield the variable, what it concerns and the hint for each server that is reached without TLS."""
    env = settings.ENV
    for name, url, loss, secure in (
        ("REDIS_URL", env.redis_url, "cached answers", "rediss://"),
        ("CELERY_BROKER_URL", env.celery_broker_url, "tasks", "rediss:// or amqps://"),
        ("SENTRY_DSN", env.sentry_dsn, "errors", "https://"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", env.otlp_endpoint, "traces", "https://"),
    ):
        parts = urlsplit(url)
        if parts.scheme in ("redis", "amqp", "http") and parts.hostname and not is_loopback(parts.hostname):
            yield name, loss, f"Use {secure}, or a network that nobody else is in."
    database = env.database
    host, options = database.get("HOST") or "", database.get("OPTIONS", {})
    if (
        host
        and not host.startswith("/")
        and not is_loopback(host)
        and options.get("sslmode") not in ENCRYPTED
    ):
        yield (
            "DATABASE_URL",
            "all data and the password",
            "Add ?sslmode=verify-full to it, or use a network that nobody else is in.",
        )


def files_are_private(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Return a warning for each file with personal data or secrets that everybody on the machine may use."""
    return [
        Warning(
            f"{path} can be read or changed by every account of this machine.",
            hint=f"chmod o-rwx {path}",
            id="recsite.W004",
        )
        for path in _private_files()
        if _is_open_to_others(path)
    ]


def _private_files() -> Iterator[Path]:
    if env := env_file():
        yield env
    for database in settings.DATABASES.values():
        if database["ENGINE"] in SQLITE_ENGINES:
            yield from (Path(f"{database['NAME']}{ending}") for ending in SQLITE_FILES)


def _is_open_to_others(path: Path) -> bool:
    try:
        status = path.stat()
    except OSError:  # there is no such file
        return False
    return stat.S_ISREG(status.st_mode) and bool(status.st_mode & stat.S_IRWXO)


def _has_passwords_of_users(alias: str) -> bool:
    table, introspection = "catalog_user", connections[alias].introspection
    try:
        with connections[alias].cursor() as cursor:
            if table not in introspection.table_names(cursor):
                return False
            return "password" in {
                column.name for column in introspection.get_table_description(cursor, table)
            }
    except DatabaseError:
        return False  # it cannot be reached, which the command reports
