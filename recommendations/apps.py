"""Recommendations: what to show each shopper next, and why."""

from django.apps import AppConfig
from django.core.checks import register


class RecommendationsConfig(AppConfig):
    name = "recommendations"
    verbose_name = "Recommendations"

    def ready(self) -> None:
        from recommendations.checks import check_configuration  # noqa: PLC0415  models are loaded by now

        register(check_configuration)
