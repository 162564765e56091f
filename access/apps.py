"""Who asks, and what they may do: keys, tokens, scopes, permissions. Knows accounts, not the shop."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "access"
    verbose_name = "Access"

    def ready(self) -> None:
        from access import schema  # noqa: F401, PLC0415  says in the OpenAPI schema how one logs in
