"""Fold the texts of products that were changed by SQL, so that search finds them by its index."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import DEFAULT_DB_ALIAS

from catalog.search.pending import fold_all_pending


class Command(BaseCommand):
    help = "Fold the texts of products that were changed by SQL, so that search finds them by its index."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"Products folded: {fold_all_pending(DEFAULT_DB_ALIAS):,}.")
