"""Recommendations: what to show each shopper next, and why."""

from django.apps import AppConfig
from django.core.checks import Tags, register


class RecommendationsConfig(AppConfig):
    name = "recommendations"
    verbose_name = "Recommendations"

    def ready(self) -> None:
        from recommendations.checks import (  # noqa: PLC0415  needs the models to be loaded
            check_configuration,
            check_language_model,
            check_models,
        )

        register(check_configuration)
        register(check_models, Tags.database)
        register(check_language_model, "openai")
