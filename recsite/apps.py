"""The site itself as an application: it brings the checks of a deployment."""

from django.apps import AppConfig
from django.core.checks import Tags, register


class SiteConfig(AppConfig):
    name = "recsite"
    verbose_name = "Site"

    def ready(self) -> None:
        from recsite.checks import reads_are_closed  # noqa: PLC0415  settings are loaded by now

        register(reads_are_closed, Tags.security, deploy=True)
