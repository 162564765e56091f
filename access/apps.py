"""Authentication and authorization by API keys, tokens and permissions. Independent of the shop's models."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "access"
    verbose_name = "Access"

    def ready(self) -> None:
        from access import schema  # noqa: F401, PLC0415  registers the authentication of the OpenAPI schema
