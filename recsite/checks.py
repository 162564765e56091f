"""Finds what must not be so when real shoppers come: `manage.py check --deploy`."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error


def reads_are_closed(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Return an error if the API can be read without logging in."""
    if not settings.API_OPEN_READS:
        return []
    return [
        Error(
            "API_OPEN_READS is true: anybody who reaches the server can read every shopper's history.",
            hint="Set API_OPEN_READS=false; true is for trying things out on one's own machine.",
            id="recsite.E001",
        )
    ]
