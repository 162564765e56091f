"""The site itself as an application: it brings the checks of a deployment."""

from importlib import import_module

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import Tags, register


class SiteConfig(AppConfig):
    name = "recsite"
    verbose_name = "Site"

    def ready(self) -> None:
        from recsite.checks import reads_are_closed  # noqa: PLC0415  settings are loaded by now

        register(reads_are_closed, Tags.security, deploy=True)
        if settings.CELERY_BROKER_URL:
            import_module("recsite.celery")  # what is sent goes where this says, from any thread
