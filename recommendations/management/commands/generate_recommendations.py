"""Generates recommendations for every shopper, or for some, and stores them."""

import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog.management.progress import progress_bar
from catalog.services.references import BadReference, lookup
from recommendations import wiring
from recommendations.errors import UnknownShopper, UnknownStrategy
from recommendations.management.numbers import whole_number
from recommendations.selectors.shoppers import n_shoppers, shopper, shopper_id_chunks
from recommendations.services.generate import Order, Totals

INTERRUPTED = 130


class Command(BaseCommand):
    help = "Generate a list of recommendations for every shopper, and store it for GET /recommend."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--top-n", type=whole_number(high=100), default=10, help="products a list (10)")
        parser.add_argument("--strategy", help="its name in settings (the default strategy)")
        parser.add_argument(
            "--users", nargs="+", metavar="ID", help="only these: numbers, or ext:<external id>"
        )
        parser.add_argument("--explain", action="store_true", help="write the explanations too")
        parser.add_argument(
            "--batch-size", type=whole_number(), default=500, help="shoppers a transaction (500)"
        )
        parser.add_argument("--dry-run", action="store_true", help="do all but store")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            chosen = wiring.chosen(options["strategy"])
        except UnknownStrategy as error:
            raise CommandError(f"--strategy: {error}") from error
        generate = wiring.generator(chosen)
        chunks, total, unknown = self._chosen(options["users"], options["batch_size"])
        order = Order(
            user_ids=chunks,
            strategy=chosen.strategy,
            digest=wiring.digest(chosen),
            top_n=options["top_n"],
            explainer=wiring.explainer() if options["explain"] else None,
            dry_run=options["dry_run"],
        )
        began = time.monotonic()
        with progress_bar(
            sys.stderr,
            total=total,
            description="Recommending",
            unit="users",
            quiet=options["verbosity"] == 0,
        ) as bar:
            try:
                totals = generate(order, done=bar.update)
            except KeyboardInterrupt:
                bar.close()
                self.stderr.write("Interrupted. What was written stays; run the command again for the rest.")
                raise SystemExit(INTERRUPTED) from None
        self._close(totals, unknown, time.monotonic() - began, order)

    def _chosen(self, users: list[str] | None, size: int) -> tuple[Iterable[list[int]], int, list[str]]:
        """Return chunks of ids, how many there are in all, and a line for each id that is nobody's."""
        if users is None:
            return shopper_id_chunks(size), n_shoppers(), []
        found, unknown = set(), []
        for text in users:
            try:
                found.add(shopper(lookup(text)).id)
            except (BadReference, UnknownShopper) as error:
                unknown.append(f"--users {text}: {error}")
        return _chunks(sorted(found), size), len(found), unknown

    def _close(self, totals: Totals, unknown: list[str], seconds: float, order: Order) -> None:
        done = "computed, nothing stored" if order.dry_run else "stored"
        rate = totals.users / max(seconds, 1e-9)
        self.stdout.write(
            f"{totals.users} users {done} in {seconds:.1f} s ({rate:.0f} users/s), "
            f"{totals.fallbacks} of them with popular products only."
        )
        if order.explainer and totals.templates:
            self.stdout.write(
                f"{totals.templates} explanations were not written by the model; none is stored."
            )
        if totals.failed:
            first, last = totals.failed[0], totals.failed[-1]
            unknown.append(f"{len(totals.failed)} users failed, from {first} to {last}; the log says why.")
        if unknown:
            raise CommandError("\n".join(unknown))


def _chunks(ids: list[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]
