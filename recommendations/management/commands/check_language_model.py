"""Ask the language model's server whether it has the models of OPENAI_MODEL, and when they end."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from recommendations import wiring
from recommendations.explainers.chat_options import ChatUnavailable
from recommendations.explainers.model_news import ModelState


class Command(BaseCommand):
    help = (
        "Ask the language model's server for its models. Store the result for the admin and the metrics, and "
        "exit with 1 if it has none of OPENAI_MODEL."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = wiring.check_language_model()
        except ChatUnavailable as error:
            raise CommandError(f"The language model's server cannot be asked: {error}.") from error
        if not found:
            self.stdout.write("No language model is configured (OPENAI_API_KEY); the template explains.")
        for news in found:
            self.stdout.write(f"{news.model}: {news.state}: {news.detail}.")
        if found and all(news.state is ModelState.MISSING for news in found):
            raise CommandError("The server has none of the models of OPENAI_MODEL; the template explains.")
