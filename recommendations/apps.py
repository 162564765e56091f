"""Recommendations: what to show each shopper next, and why."""

from django.apps import AppConfig
from django.core.checks import Tags, register


class RecommendationsConfig(AppConfig):
    name = "recommendations"
    verbose_name = "Recommendations"

    def ready(self) -> None:
        from recommendations.checks import (  # noqa: PLC0415  models are loaded by now
            check_configuration,
            check_models,
        )

        register(check_configuration)
        register(check_models, Tags.database)
