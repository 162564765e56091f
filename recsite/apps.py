"""The site itself as an application: it brings the checks of a deployment, and tells of errors."""

from importlib import import_module

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import Tags, register

from recsite import telemetry


class SiteConfig(AppConfig):
    name = "recsite"
    verbose_name = "Site"

    def ready(self) -> None:
        from recsite import checks  # noqa: PLC0415  settings are loaded by now

        if dsn := settings.ENV.sentry_dsn:
            telemetry.report_errors(dsn, version=settings.VERSION, secrets=settings.ENV.secrets)
        register(checks.the_broker_is_not_the_cache, Tags.caches)
        register(checks.the_database_is_of_this_version, Tags.database)
        register(checks.reads_are_closed, Tags.security, deploy=True)
        register(checks.the_broker_has_a_server_of_its_own, Tags.caches, deploy=True)
        if settings.CELERY_BROKER_URL:
            import_module("recsite.celery")  # what is sent goes where this says, from any thread
