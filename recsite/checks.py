"""System checks of the deployment. `manage.py check --deploy` runs all of them."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.db import DatabaseError, connections

from recsite.config.redis_address import database_of, server_of


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
