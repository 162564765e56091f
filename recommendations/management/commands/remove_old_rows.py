"""Delete events older than EVENT_RETENTION_DAYS, and expired answers, runs and explanations."""

from typing import Any

from django.core.management.base import BaseCommand

from recommendations import wiring


class Command(BaseCommand):
    help = "Delete events older than EVENT_RETENTION_DAYS, and expired answers, runs and explanations."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"Removed: {wiring.remove_old_rows()}.")
