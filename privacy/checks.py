"""System check that every relation to a user or an account has an erasure rule."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error

from privacy.relations import relations_without_rule


def every_relation_is_covered(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Return an error for each relation to a user or an account without an erasure rule."""
    return [
        Error(
            f"{name} leads to a user, and deleting the user does not delete its rows.",
            hint="Add it to ERASURE_RULES in privacy/erasure_rules.py.",
            id="privacy.E001",
        )
        for name in relations_without_rule()
    ]
