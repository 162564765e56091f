"""Generate recommendation lists for all shoppers, or for some, and store them."""

import os
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.backends.sqlite3.creation import DatabaseCreation

from core.commands import (
    EXIT_INTERRUPTED,
    current_operator,
    interrupt_immediately,
    progress_bar,
    whole_number,
)
from core.references import BadReference, lookup
from recommendations import wiring
from recommendations.batch.distribute import SHARD_SIZE
from recommendations.batch.generate import Totals
from recommendations.batch.runs import RunParameters
from recommendations.errors import GenerationUnderWay, QueueUnavailable, UnknownShopper, UnknownStrategy
from recommendations.management.following import wait_for_run
from recommendations.models import RunState
from recommendations.processes.pool import ProcessLost
from recommendations.selectors.shoppers import n_shoppers, shopper, shopper_id_chunks
from recommendations.serving.results import ModelRef

# For fewer shoppers, starting processes takes longer than they save.
MULTIPROCESSING_THRESHOLD = 5_000
CHUNK_SIZE = 500


class Command(BaseCommand):
    help = "Generate a list of recommendations for each shopper, and store it for GET /recommend."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--top-n", type=whole_number(high=100), default=10, help="products per list (default: 10)"
        )
        parser.add_argument(
            "--strategy", help="name of the strategy in settings (default: the default strategy)"
        )
        parser.add_argument(
            "--users", nargs="+", metavar="ID", help="only these shoppers: numeric IDs, or ext:<external ID>"
        )
        parser.add_argument("--explain", action="store_true", help="write explanations too")
        parser.add_argument(
            "--batch-size",
            type=whole_number(),
            help=f"shoppers per transaction (default: {CHUNK_SIZE}; {SHARD_SIZE} with --distributed)",
        )
        parser.add_argument(
            "--processes",
            type=whole_number(high=64),
            help="number of parallel processes (default: one per core from "
            f"{MULTIPROCESSING_THRESHOLD:,} shoppers on, else 1)",
        )
        parser.add_argument("--dry-run", action="store_true", help="compute the lists without storing them")
        parser.add_argument(
            "--distributed",
            action="store_true",
            help="let the Celery workers generate the lists, and show their progress",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            model = wiring.model_ref(options["strategy"])
        except UnknownStrategy as error:
            raise CommandError(f"--strategy: {error}") from error
        try:
            if options["distributed"]:
                self._distribute(model, options)
            else:
                self._generate(model, options)
        except (GenerationUnderWay, QueueUnavailable) as error:
            raise CommandError(str(error)) from error

    def _distribute(self, model: ModelRef, options: dict[str, Any]) -> None:
        """Start a run on the workers and wait for its end."""
        for name in ("users", "explain", "processes", "dry_run"):
            if options[name]:
                raise CommandError(f"--{name.replace('_', '-')} cannot be used with --distributed.")
        run = wiring.distributed_run(
            model,
            started_by=current_operator("generate_recommendations"),
            top_n=options["top_n"],
            a_shard=options["batch_size"] or SHARD_SIZE,
        )
        with progress_bar(
            sys.stderr,
            total=run.n_total,
            description=f"Run {run.pk}",
            unit="users",
            quiet=options["verbosity"] == 0,
        ) as bar:
            try:
                run = wait_for_run(run, bar.update)
            except KeyboardInterrupt:
                bar.close()
                self.stderr.write(
                    f"The workers continue with run {run.pk}; see GET /runs/{run.pk} for its progress."
                )
                raise SystemExit(EXIT_INTERRUPTED) from None
        self.stdout.write(
            f"{run.n_done} users stored in {run.seconds:.1f} s by workers, in {run.n_shards} shards, "
            f"{run.n_fallbacks} of them with {_fallback(model)} products only."
        )
        if run.state != RunState.DONE:
            raise CommandError(f"Run {run.pk} is {run.state}: {run.n_failed} users failed. {run.error}")

    def _generate(self, model: ModelRef, options: dict[str, Any]) -> None:
        """Generate the lists in this process or its children."""
        chunks, total, problems = self._shoppers(options["users"], options["batch_size"] or CHUNK_SIZE)
        parameters = RunParameters(
            strategy=model.strategy,
            version=model.version,
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
                with interrupt_immediately(), wiring.recorded_run(parameters) as progress:
                    for user_ids, part in self._generated(chunks, model, total, options):
                        progress.add(part)
                        bar.update(len(user_ids))
            except KeyboardInterrupt:
                bar.close()
                self.stderr.write(
                    "Interrupted. Lists stored so far are kept; run the command again to store the rest."
                )
                raise SystemExit(EXIT_INTERRUPTED) from None
            except ProcessLost as error:
                raise CommandError(
                    f"{error} Lists stored so far are kept; run the command again with fewer --processes."
                ) from error
        self._report(progress.totals, problems, time.monotonic() - began, model, options)

    def _generated(
        self, chunks: Iterable[list[int]], model: ModelRef, total: int, options: dict[str, Any]
    ) -> Iterator[tuple[list[int], Totals]]:
        """Yield each chunk of ids with its totals, computed in this process or in several others."""
        top_n, dry_run, explain = options["top_n"], options["dry_run"], options["explain"]
        processes = options["processes"] or (_cores() if total >= MULTIPROCESSING_THRESHOLD else 1)
        # Explanations wait for a language model rather than for a core, and other processes cannot see a
        # database in memory.
        if processes == 1 or explain or _is_in_memory():
            generate = wiring.generator(model, top_n, dry_run, explain)
            yield from ((user_ids, generate(user_ids)) for user_ids in chunks)
        else:
            yield from wiring.generator_pool(processes, model, top_n, dry_run)(chunks)

    def _shoppers(self, users: list[str] | None, size: int) -> tuple[Iterable[list[int]], int, list[str]]:
        """Return chunks of shopper ids, their total number, and a message for each unknown id."""
        if users is None:
            return shopper_id_chunks(size), n_shoppers(), []
        ids, problems = set(), []
        for text in users:
            try:
                ids.add(shopper(lookup(text)).id)
            except (BadReference, UnknownShopper) as error:
                problems.append(f"--users {text}: {error}")
        return _chunks(sorted(ids), size), len(ids), problems

    def _report(
        self, totals: Totals, problems: list[str], seconds: float, model: ModelRef, options: dict[str, Any]
    ) -> None:
        action = "computed, none stored" if options["dry_run"] else "stored"
        rate = totals.users / max(seconds, 1e-9)
        self.stdout.write(
            f"{totals.users} users {action} in {seconds:.1f} s ({rate:.0f} users/s), "
            f"{totals.fallbacks} of them with {_fallback(model)} products only."
        )
        if options["explain"] and totals.templates:
            self.stdout.write(
                f"{totals.templates} explanations were not written by the language model and are not stored."
            )
        if totals.failed:
            first, last = totals.failed[0], totals.failed[-1]
            problems.append(f"{len(totals.failed)} users failed, from {first} to {last}; see the log.")
        if problems:
            raise CommandError("\n".join(problems))


def _fallback(model: ModelRef) -> str:
    return wiring.strategy_registry().strategies[model.strategy].fallback


def _is_in_memory() -> bool:
    creation, name = connection.creation, connection.settings_dict["NAME"]
    return isinstance(creation, DatabaseCreation) and creation.is_in_memory_db(name)


def _cores() -> int:
    return os.cpu_count() or 1


def _chunks(ids: list[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]
