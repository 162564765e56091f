"""The application for data export and erasure."""

from django.apps import AppConfig
from django.core.checks import register


class PrivacyConfig(AppConfig):
    name = "privacy"
    verbose_name = "Privacy"

    def ready(self) -> None:
        from privacy.checks import every_relation_is_covered  # noqa: PLC0415  models are loaded now

        register(every_relation_is_covered)
