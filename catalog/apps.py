"""The catalogue app: the shop's users, its products, and the interactions between them."""

from typing import Any

from django.apps import AppConfig
from django.core.checks import Tags, register
from django.db.models.signals import post_migrate


class CatalogConfig(AppConfig):
    name = "catalog"
    verbose_name = "Catalogue"

    def ready(self) -> None:
        from catalog.checks import search_is_indexed, triggers_exist  # noqa: PLC0415  needs the models to be loaded

        register(triggers_exist, Tags.database)
        register(search_is_indexed, Tags.database)
        post_migrate.connect(_create_triggers, sender=self)


def _create_triggers(using: str, **kwargs: Any) -> None:
    """Create the triggers and the index after each migrate. SQLite drops them with a table it remakes."""
    from catalog.triggers import create_triggers  # noqa: PLC0415  needs the models to be loaded

    create_triggers(using)
