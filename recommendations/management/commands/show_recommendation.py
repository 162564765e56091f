"""Prints one shopper's recommendation as the API returns it."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.commands import whole_number
from core.references import BadReference, lookup
from recommendations import wiring
from recommendations.errors import UnknownShopper
from recommendations.explaining.inline import explained
from recommendations.selectors.shoppers import Shopper, first_with_history, shopper
from recommendations.serving.payload import payload
from recommendations.serving.results import RecommendationRequest


class Command(BaseCommand):
    help = "Print what GET /recommend/{user_id} answers."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "user", nargs="?", help="a number, or ext:<external id> (the first shopper with a history)"
        )
        parser.add_argument("--top-n", type=whole_number(high=100), default=5, help="how many products (5)")

    def handle(self, *args: Any, **options: Any) -> None:
        ask = RecommendationRequest(self._shopper(options["user"]), options["top_n"], wiring.model_ref())
        shelf = wiring.recommender()(ask)
        answer = payload(shelf, explained(shelf, wiring.explainer()))
        self.stdout.write(f"GET /recommend/{ask.shopper.id}?top_n={ask.top_n}")
        self.stdout.write(json.dumps(answer, indent=2, ensure_ascii=False))

    def _shopper(self, text: str | None) -> Shopper:
        if text is None:
            first = first_with_history()
            if first is None:
                raise CommandError("No shopper has done anything yet. Import a shop first: import_shop DIR.")
            return first
        try:
            return shopper(lookup(text))
        except (BadReference, UnknownShopper) as error:
            raise CommandError(str(error)) from error
