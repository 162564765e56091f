"""System checks of the catalogue's database."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.apps import AppConfig
from django.core.checks import CheckMessage, Warning
from django.db import DatabaseError, connections

from catalog.models import SearchText
from catalog.search.index import has_index
from catalog.search.matching import MOST_PENDING
from catalog.triggers import has_tables, missing_triggers

T = TypeVar("T")
_HINTS = {
    "postgresql": "Have an administrator run `CREATE EXTENSION pg_trgm` in this database, then run "
    "`manage.py migrate`. Without it, search reads the texts of all products.",
    "sqlite": "Use a Python whose SQLite is 3.34 or newer and has FTS5, then run `manage.py migrate`. "
    "Without it, search reads the texts of all products.",
}


def triggers_exist(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Return a warning for each database in which a trigger is missing. 3 queries each.

    It is no error, since that would stop `manage.py migrate`, which creates the triggers.
    """
    return [
        Warning(
            f"The database {alias!r} lacks triggers on {', '.join(tables)}: changes there are not seen.",
            hint="Run `manage.py migrate`, which creates them.",
            id="catalog.W001",
        )
        for alias in databases or ()
        if (tables := _read(missing_triggers, alias, list[str]()))
    ]


def search_is_indexed(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Return a warning for each database whose search has no index, or many empty texts. 4 queries each."""
    found: list[CheckMessage] = []
    for alias in databases or ():
        if not _read(_lacks_index, alias, False):
            continue
        found.append(
            Warning(
                f"The database {alias!r} has no index for the search in products.",
                hint=_HINTS[connections[alias].vendor],
                id="catalog.W002",
            )
        )
    for alias in databases or ():
        if (n := _read(_n_pending, alias, 0)) > MOST_PENDING:
            found.append(
                Warning(
                    f"The database {alias!r} has {n:,} products that were changed by SQL and not indexed "
                    f"since: search finds only {MOST_PENDING:,} of them.",
                    hint="Run `manage.py index_products`.",
                    id="catalog.W003",
                )
            )
    return found


def _lacks_index(alias: str) -> bool:
    return has_tables(connections[alias]) and not has_index(connections[alias])


def _n_pending(alias: str) -> int:
    if not has_tables(connections[alias]):
        return 0
    return SearchText.objects.using(alias).pending().count()


def _read(read: Callable[[str], T], alias: str, unreachable: T) -> T:
    try:
        return read(alias)
    except DatabaseError:
        return unreachable  # it cannot be reached, which the command reports
