"""Finds tables that know a user, and that nobody thought of when that user's rows are exported or erased."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error

from privacy.relations import undecided


def every_relation_is_covered(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Return an error for each relation to a user of which nobody has said what becomes of it."""
    return [
        Error(
            f"{name} leads to a user, and deleting the user does not delete its rows.",
            hint="Say in privacy/erasure_rules.py what becomes of them when the user is erased.",
            id="privacy.E001",
        )
        for name in undecided()
    ]
