"""Print one shopper's recommendations as the API returns them."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.commands import whole_number
from core.references import BadReference, lookup
from recommendations import wiring
from recommendations.errors import UnknownShopper
from recommendations.explaining.inline import explanation_of
from recommendations.selectors.shoppers import Shopper, first_with_history, shopper
from recommendations.serving.request import RecommendationRequest
from recommendations.serving.results import payload


class Command(BaseCommand):
    help = "Print the response of GET /recommend/{user_id}."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "user",
            nargs="?",
            help="a numeric ID, or ext:<external ID> (default: the first shopper with a history)",
        )
        parser.add_argument(
            "--top-n", type=whole_number(high=100), default=5, help="number of products (default: 5)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        user = self._shopper(options["user"])
        request = RecommendationRequest(user.id, options["top_n"])
        found = wiring.recommender()(request, wiring.shopper_state(request))
        answer = payload(found, explanation_of(found, wiring.explainer()))
        self.stdout.write(f"GET /recommend/{user.id}?top_n={request.top_n}")
        self.stdout.write(json.dumps(answer, indent=2, ensure_ascii=False))

    def _shopper(self, text: str | None) -> Shopper:
        if text is None:
            first = first_with_history()
            if first is None:
                raise CommandError("No shopper has any events yet. Import a shop first: import_shop DIR.")
            return first
        try:
            return shopper(lookup(text))
        except (BadReference, UnknownShopper) as error:
            raise CommandError(str(error)) from error
