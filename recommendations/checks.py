"""Finds what is wrong in settings.RECOMMENDATIONS before a shopper does."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error

from recommendations.conf import Config, Named
from recommendations.errors import RecommendationError


def check_configuration(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Return an error for the configuration as a whole, or for each class or option that does not work."""
    try:
        config = Config.of(settings.RECOMMENDATIONS)
    except (RecommendationError, TypeError, ValueError, AttributeError) as error:
        return [Error(f"settings.RECOMMENDATIONS: {error}", id="recommendations.E001")]
    named = {f"strategy {name!r}": entry for name, entry in config.strategies.items()}
    named["the explainer"] = config.explainer
    return [
        Error(f"settings.RECOMMENDATIONS, {what}: {problem}", id="recommendations.E002")
        for what, entry in named.items()
        if (problem := _problem(entry))
    ]


def _problem(entry: Named) -> str | None:
    try:
        entry.make()
    except RecommendationError as error:
        return str(error)
    return None
