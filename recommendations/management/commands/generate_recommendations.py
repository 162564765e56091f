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

from core.commands import INTERRUPTED, current_operator, interrupted_at_once, progress_bar, whole_number
from core.references import BadReference, lookup
from recommendations import wiring
from recommendations.batch.distribute import A_SHARD
from recommendations.batch.generate import Totals
from recommendations.batch.runs import RunParameters
from recommendations.errors import GenerationUnderWay, QueueUnavailable, UnknownShopper, UnknownStrategy
from recommendations.management.following import followed
from recommendations.models import RunState
from recommendations.processes.pool import ProcessLost
from recommendations.selectors.shoppers import n_shoppers, shopper, shopper_id_chunks
from recommendations.serving.results import ModelRef

# Below, starting processes takes longer than they save.
WORTH_PROCESSES = 5_000
A_CHUNK = 500


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
            "--batch-size",
            type=whole_number(),
            help=f"shoppers a transaction ({A_CHUNK}; {A_SHARD} with --distributed)",
        )
        parser.add_argument(
            "--processes",
            type=whole_number(high=64),
            help=f"how many compute at once (one a core from {WORTH_PROCESSES:,} shoppers on, else 1)",
        )
        parser.add_argument("--dry-run", action="store_true", help="do all but store")
        parser.add_argument(
            "--distributed", action="store_true", help="have all workers do it, and show how far they are"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            chosen = wiring.model_ref(options["strategy"])
        except UnknownStrategy as error:
            raise CommandError(f"--strategy: {error}") from error
        try:
            if options["distributed"]:
                self._distribute(chosen, options)
            else:
                self._generate(chosen, options)
        except (GenerationUnderWay, QueueUnavailable) as error:
            raise CommandError(str(error)) from error

    def _distribute(self, chosen: ModelRef, options: dict[str, Any]) -> None:
        """Let the workers do it, and follow them to the end."""
        for name in ("users", "explain", "processes", "dry_run"):
            if options[name]:
                raise CommandError(f"--{name.replace('_', '-')} cannot be had with --distributed.")
        run = wiring.distributed_run(
            chosen,
            started_by=current_operator("generate_recommendations"),
            top_n=options["top_n"],
            a_shard=options["batch_size"] or A_SHARD,
        )
        with progress_bar(
            sys.stderr,
            total=run.n_total,
            description=f"Run {run.pk}",
            unit="users",
            quiet=options["verbosity"] == 0,
        ) as bar:
            try:
                run = followed(run, bar.update)
            except KeyboardInterrupt:
                bar.close()
                self.stderr.write(f"The workers go on with run {run.pk}; GET /runs/{run.pk} tells how far.")
                raise SystemExit(INTERRUPTED) from None
        self.stdout.write(
            f"{run.n_done} users stored in {run.seconds:.1f} s by workers, in {run.n_shards} shards, "
            f"{run.n_fallbacks} of them with {_fallback(chosen)} products only."
        )
        if run.state != RunState.DONE:
            raise CommandError(f"Run {run.pk} is {run.state}: {run.n_failed} users failed. {run.error}")

    def _generate(self, chosen: ModelRef, options: dict[str, Any]) -> None:
        """Do it here."""
        chunks, total, unknown = self._chosen(options["users"], options["batch_size"] or A_CHUNK)
        order = RunParameters(
            strategy=chosen.strategy,
            version=chosen.version,
            top_n=options["top_n"],
            n_total=total,
            started_by=current_operator("generate_recommendations"),
            is_whole=options["users"] is None,
            is_dry=options["dry_run"],
            explains=options["explain"],
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
                with interrupted_at_once(), wiring.recorded_run(order) as progress:
                    for user_ids, part in self._generated(chunks, chosen, total, options):
                        progress.add(part)
                        bar.update(len(user_ids))
            except KeyboardInterrupt:
                bar.close()
                self.stderr.write("Interrupted. What was written stays; run the command again for the rest.")
                raise SystemExit(INTERRUPTED) from None
            except ProcessLost as error:
                raise CommandError(
                    f"{error} What was written stays; run the command again, with fewer --processes."
                ) from error
        self._close(progress.totals, unknown, time.monotonic() - began, chosen, options)

    def _generated(
        self, chunks: Iterable[list[int]], chosen: ModelRef, total: int, options: dict[str, Any]
    ) -> Iterator[tuple[list[int], Totals]]:
        """Yield each chunk with its totals, in this process or from several others."""
        top_n, dry_run, explain = options["top_n"], options["dry_run"], options["explain"]
        processes = options["processes"] or (_cores() if total >= WORTH_PROCESSES else 1)
        # A model's words are waited for, not computed; a database in memory is seen by one process alone.
        if processes == 1 or explain or _is_in_memory():
            generate = wiring.generator(chosen, top_n, dry_run, explain)
            yield from ((user_ids, generate(user_ids)) for user_ids in chunks)
        else:
            yield from wiring.generator_pool(processes, chosen, top_n, dry_run)(chunks)

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
        self, totals: Totals, unknown: list[str], seconds: float, chosen: ModelRef, options: dict[str, Any]
    ) -> None:
        done = "computed, nothing stored" if options["dry_run"] else "stored"
        rate = totals.users / max(seconds, 1e-9)
        self.stdout.write(
            f"{totals.users} users {done} in {seconds:.1f} s ({rate:.0f} users/s), "
            f"{totals.fallbacks} of them with {_fallback(chosen)} products only."
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


def _fallback(chosen: ModelRef) -> str:
    return wiring.strategy_registry().strategies[chosen.strategy].fallback


def _is_in_memory() -> bool:
    creation, name = connection.creation, connection.settings_dict["NAME"]
    return isinstance(creation, DatabaseCreation) and creation.is_in_memory_db(name)


def _cores() -> int:
    return os.cpu_count() or 1


def _chunks(ids: list[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]
