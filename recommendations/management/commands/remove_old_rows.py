"""Delete old events (EVENT_RETENTION_DAYS), and expired answers, runs, explanations and logins."""

from typing import Any

from django.core.management.base import BaseCommand

from recommendations import wiring


class Command(BaseCommand):
    help = "Delete old events (EVENT_RETENTION_DAYS), and expired answers, runs, explanations and logins."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"Removed: {wiring.remove_old_rows()}.")
