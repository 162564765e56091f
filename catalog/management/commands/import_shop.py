"""`import_shop DIR`: stores the products, users and events of a directory of CSV files."""

import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, TextIO, cast

from django.core.management.base import BaseCommand, CommandError, OutputWrapper
from django.utils import timezone

from catalog.errors import CatalogError
from catalog.importing.import_shop import ImportSummary, import_shop
from catalog.importing.presence import Presence, presence
from catalog.importing.report import Problem, counted
from core.commands import progress_bar

PROBLEMS_SHOWN = 100
LEFT_ALONE = {
    Presence.COMPLETE: "{directory} is imported already; nothing was changed.",
    Presence.ANOTHER: "The database holds another shop; it stays as it is.",
}


class Command(BaseCommand):
    help = (
        "Import a shop from products.csv, users.csv and interactions.csv (or .csv.gz). Rows are found again "
        "by their id, so importing twice changes nothing; a bad row is reported and the others are imported."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("directory", type=Path, metavar="DIR", help="the directory with the three files")
        parser.add_argument(
            "--strict",
            action="store_true",
            help="import nothing if anything is wrong; on SQLite nobody else can write until it ends: "
            "others wait up to 20 seconds, then the API answers 503",
        )
        parser.add_argument(
            "--unless-imported",
            action="store_true",
            help="leave the database alone if the shop is there completely, or another one is",
        )
        parser.add_argument(
            "--shift-dates-to-yesterday",
            action="store_true",
            help="move all events by the same whole days, so that the last one happened yesterday (UTC); "
            "where some are stored already, by the days that moved these",
        )

    def handle(
        self,
        *,
        directory: Path,
        strict: bool,
        unless_imported: bool,
        shift_dates_to_yesterday: bool,
        verbosity: int,
        **options: Any,
    ) -> None:
        began = time.perf_counter()
        try:
            found = presence(directory) if unless_imported else Presence.PARTIAL
            if found is not Presence.PARTIAL:
                if verbosity:
                    self.stdout.write(LEFT_ALONE[found].format(directory=directory))
                return
            with _Teller(self.stderr, quiet=verbosity == 0) as teller:
                summary = import_shop(
                    directory,
                    strict=strict,
                    now=timezone.now(),
                    watcher=teller,
                    ends_yesterday=shift_dates_to_yesterday,
                )
        except KeyboardInterrupt:
            stays = "what was imported so far stays; run the same command again to complete it"
            self.stderr.write(f"Interrupted: {'nothing was imported' if strict else stays}.")
            sys.exit(130)
        except CatalogError as error:
            raise CommandError(str(error)) from error
        if verbosity:
            self.stdout.write(_told(directory, summary, time.perf_counter() - began))
        if summary.n_problems:
            raise CommandError(f"{counted(summary.n_problems)} found; everything else was imported.")


class _Teller:
    """Draws a bar for each file and prints the first problems between."""

    def __init__(self, stderr: OutputWrapper, *, quiet: bool) -> None:
        self._stderr = stderr
        self._stream = cast("TextIO", stderr._out)
        self._quiet = quiet
        self._bar = progress_bar(self._stream, total=0, description="", unit="lines", quiet=True)
        self._n_problems = 0

    def __enter__(self) -> "_Teller":
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()
        if self._n_problems > PROBLEMS_SHOWN:
            self._stderr.write(f"… and {self._n_problems - PROBLEMS_SHOWN:,} more.")

    def reading(self, title: str, n_lines: int) -> None:
        self._bar.close()
        self._bar = progress_bar(
            self._stream, total=n_lines, description=title, unit="lines", quiet=self._quiet
        )

    def advanced(self, n_lines: int) -> None:
        self._bar.update(n_lines)

    def found(self, problem: Problem) -> None:
        self._n_problems += 1
        if self._n_problems <= PROBLEMS_SHOWN:
            self._bar.clear()
            self._stderr.write(str(problem))


def _told(directory: Path, summary: ImportSummary, seconds: float) -> str:
    rows = [
        f"{name} {tally.created:,} created, {tally.updated:,} updated, {tally.unchanged:,} unchanged"
        for name, tally in (("Products:    ", summary.products), ("Users:       ", summary.users))
    ]
    events, days = summary.events, summary.shift.days
    moved = f", all moved by {days:+,} days" if days else ""
    return "\n".join(
        [
            *rows,
            f"Categories:   {summary.n_new_categories:,} created",
            f"Tags:         {summary.n_new_tags:,} created",
            f"Interactions: {events.new:,} new, {events.repeated:,} stored before{moved}",
            f"Imported {directory} in {seconds:.1f} seconds.",
        ]
    )
