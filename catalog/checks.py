"""System checks of the catalogue's database."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Warning
from django.db import DatabaseError

from catalog.triggers import missing_triggers


def triggers_exist(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Return a warning for each database in which a trigger is missing. 2 queries each.

    It is no error, since that would stop `manage.py migrate`, which creates the triggers.
    """
    return [
        Warning(
            f"The database {alias!r} lacks triggers on {', '.join(tables)}: changes there are not seen.",
            hint="Run `manage.py migrate`, which creates them.",
            id="catalog.W001",
        )
        for alias in databases or ()
        if (tables := _missing(alias))
    ]


def _missing(alias: str) -> list[str]:
    try:
        return missing_triggers(alias)
    except DatabaseError:
        return []  # it cannot be reached, which the command reports
