"""Django's `check`, which calls the language model's server if its tag is named: `check --tag openai`."""

from typing import Any

from django.core.management.commands import check

from recommendations.explaining.news import server_may_be_asked


class Command(check.Command):
    def handle(self, *app_labels: Any, **options: Any) -> None:
        token = server_may_be_asked.set("openai" in (options["tags"] or ()))
        try:
            super().handle(*app_labels, **options)
        finally:
            server_may_be_asked.reset(token)
