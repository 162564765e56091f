"""Generates recommendations for every shopper, or for some, and stores them."""

import os
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.backends.sqlite3.creation import DatabaseCreation

from catalog.management.progress import progress_bar
from catalog.services.references import BadReference, lookup
from recommendations import wiring
from recommendations.errors import UnknownShopper, UnknownStrategy
from recommendations.management.interruption import INTERRUPTED, interrupted_at_once
from recommendations.management.numbers import whole_number
from recommendations.selectors.shoppers import n_shoppers, shopper, shopper_id_chunks
from recommendations.services.apart import ProcessLost
from recommendations.services.generate import Totals
from recommendations.services.shelf import Chosen

# Below, starting processes takes longer than they save.
WORTH_PROCESSES = 5_000


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
        parser.add_argument(
            "--processes",
            type=whole_number(high=64),
            help=f"how many compute at once (one a core from {WORTH_PROCESSES:,} shoppers on, else 1)",
        )
        parser.add_argument("--dry-run", action="store_true", help="do all but store")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            chosen = wiring.chosen(options["strategy"])
        except UnknownStrategy as error:
            raise CommandError(f"--strategy: {error}") from error
        chunks, total, unknown = self._chosen(options["users"], options["batch_size"])
        totals = Totals()
        began = time.monotonic()
        with progress_bar(
            sys.stderr,
            total=total,
            description="Recommending",
            unit="users",
            quiet=options["verbosity"] == 0,
        ) as bar:
            try:
                with interrupted_at_once():
                    for user_ids, part in self._generated(chunks, chosen, total, options):
                        totals.add(part)
                        bar.update(len(user_ids))
            except KeyboardInterrupt:
                bar.close()
                self.stderr.write("Interrupted. What was written stays; run the command again for the rest.")
                raise SystemExit(INTERRUPTED) from None
            except ProcessLost as error:
                raise CommandError(
                    f"{error} What was written stays; run the command again, with fewer --processes."
                ) from error
        self._close(totals, unknown, time.monotonic() - began, chosen, options)

    def _generated(
        self, chunks: Iterable[list[int]], chosen: Chosen, total: int, options: dict[str, Any]
    ) -> Iterator[tuple[list[int], Totals]]:
        """Yield each chunk with its totals, in this process or from several others."""
        top_n, dry_run, explain = options["top_n"], options["dry_run"], options["explain"]
        processes = options["processes"] or (_cores() if total >= WORTH_PROCESSES else 1)
        # A model's words are waited for, not computed; a database in memory is seen by one process alone.
        if processes == 1 or explain or _is_in_memory():
            generate = wiring.generator(chosen, top_n, dry_run, explain)
            yield from ((user_ids, generate(user_ids)) for user_ids in chunks)
        else:
            yield from wiring.generator_apart(processes, chosen, top_n, dry_run)(chunks)

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

    def _close(
        self, totals: Totals, unknown: list[str], seconds: float, chosen: Chosen, options: dict[str, Any]
    ) -> None:
        done = "computed, nothing stored" if options["dry_run"] else "stored"
        fallback = wiring.recipes().strategies[chosen.strategy].fallback
        rate = totals.users / max(seconds, 1e-9)
        self.stdout.write(
            f"{totals.users} users {done} in {seconds:.1f} s ({rate:.0f} users/s), "
            f"{totals.fallbacks} of them with {fallback} products only."
        )
        if options["explain"] and totals.templates:
            self.stdout.write(
                f"{totals.templates} explanations were not written by the model; none is stored."
            )
        if totals.failed:
            first, last = totals.failed[0], totals.failed[-1]
            unknown.append(f"{len(totals.failed)} users failed, from {first} to {last}; the log says why.")
        if unknown:
            raise CommandError("\n".join(unknown))


def _is_in_memory() -> bool:
    creation, name = connection.creation, connection.settings_dict["NAME"]
    return isinstance(creation, DatabaseCreation) and creation.is_in_memory_db(name)


def _cores() -> int:
    return os.cpu_count() or 1


def _chunks(ids: list[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]
