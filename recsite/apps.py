"""The site as an application: it registers system checks and error reporting."""

from importlib import import_module

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import Tags, register

from recsite import telemetry


class SiteConfig(AppConfig):
    name = "recsite"
    verbose_name = "Site"

    def ready(self) -> None:
        from recsite import checks  # noqa: PLC0415  settings are loaded now

        if dsn := settings.ENV.sentry_dsn:
            telemetry.report_errors(dsn, version=settings.VERSION, secrets=settings.ENV.secrets)
        register(checks.broker_is_not_cache, Tags.caches)
        register(checks.database_is_of_this_version, Tags.database)
        register(checks.files_are_private, Tags.security)
        register(checks.reads_are_closed, Tags.security, deploy=True)
        register(checks.nothing_insecure_is_allowed, Tags.security, deploy=True)
        register(checks.variables_are_known, Tags.compatibility, deploy=True)
        register(checks.connections_are_encrypted, Tags.security, deploy=True)
        register(checks.broker_has_its_own_server, Tags.caches, deploy=True)
        if settings.CELERY_BROKER_URL:
            import_module("recsite.celery")  # tasks are sent through this app, from any thread
