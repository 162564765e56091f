"""`import_shop DIR`: imports the products, users and events of a directory of CSV files."""

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
from catalog.importing.report import Problem, format_problem_count
from core.commands import progress_bar

MAX_PROBLEMS_SHOWN = 100
UNCHANGED = {
    Presence.COMPLETE: "{directory} is already imported; nothing was changed.",
    Presence.ANOTHER: "The database contains another shop; nothing was changed.",
}


class Command(BaseCommand):
    help = (
        "Import a shop from products.csv, users.csv and interactions.csv (or .csv.gz). Existing rows are "
        "matched by id, so importing twice changes nothing. Invalid rows are reported, the others imported."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "directory", type=Path, metavar="DIR", help="the directory that contains the three files"
        )
        parser.add_argument(
            "--strict",
            action="store_true",
            help="import nothing if there is any problem; on SQLite, other writers wait until the import "
            "ends, at most 20 seconds, after which the API responds with 503",
        )
        parser.add_argument(
            "--unless-imported",
            action="store_true",
            help="change nothing if the database contains the complete shop, or another one",
        )
        parser.add_argument(
            "--shift-dates-to-yesterday",
            action="store_true",
            help="shift all events by the same number of days, so that the last happened yesterday (UTC); "
            "if some are already stored, by the same number of days as those",
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
                    self.stdout.write(UNCHANGED[found].format(directory=directory))
                return
            with _ConsoleReporter(self.stderr, quiet=verbosity == 0) as reporter:
                summary = import_shop(
                    directory,
                    strict=strict,
                    now=timezone.now(),
                    observer=reporter,
                    ends_yesterday=shift_dates_to_yesterday,
                )
        except KeyboardInterrupt:
            kept = "the rows imported so far are kept; run the same command again to import the rest"
            self.stderr.write(f"Interrupted: {'nothing was imported' if strict else kept}.")
            sys.exit(130)
        except CatalogError as error:
            raise CommandError(str(error)) from error
        if verbosity:
            self.stdout.write(_format_summary(directory, summary, time.perf_counter() - began))
        if summary.n_problems:
            raise CommandError(
                f"{format_problem_count(summary.n_problems)} found; everything else was imported."
            )


class _ConsoleReporter:
    """Import observer that draws a progress bar for each file and prints the first 100 problems."""

    def __init__(self, stderr: OutputWrapper, *, quiet: bool) -> None:
        self._stderr = stderr
        self._stream = cast("TextIO", stderr._out)
        self._quiet = quiet
        self._bar = progress_bar(self._stream, total=0, description="", unit="lines", quiet=True)
        self._n_problems = 0
        self._notes: list[str] = []

    def __enter__(self) -> "_ConsoleReporter":
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()
        if self._n_problems > MAX_PROBLEMS_SHOWN:
            self._stderr.write(f"… and {self._n_problems - MAX_PROBLEMS_SHOWN:,} more.")

    def reading(self, title: str, n_lines: int) -> None:
        self._bar.close()
        self._bar = progress_bar(
            self._stream, total=n_lines, description=title, unit="lines", quiet=self._quiet
        )

    def advanced(self, n_lines: int) -> None:
        self._bar.update(n_lines)

    def found(self, problem: Problem) -> None:
        self._n_problems += 1
        if self._n_problems <= MAX_PROBLEMS_SHOWN:
            self._bar.clear()
            self._stderr.write(str(problem))

    def noted(self, file: str, note: str) -> None:
        line = f"{file}: {note}"
        if not self._quiet and line not in self._notes:
            self._notes.append(line)
            self._bar.clear()
            self._stderr.write(line)


def _format_summary(directory: Path, summary: ImportSummary, seconds: float) -> str:
    rows = [
        f"{name} {counts.created:,} created, {counts.updated:,} updated, {counts.unchanged:,} unchanged"
        for name, counts in (("Products:    ", summary.products), ("Users:       ", summary.users))
    ]
    events, days = summary.events, summary.shift.days
    shifted = f", all shifted by {days:+,} days" if days else ""
    return "\n".join(
        [
            *rows,
            f"Categories:   {summary.n_new_categories:,} created",
            f"Tags:         {summary.n_new_tags:,} created",
            f"Interactions: {events.new:,} new, {events.repeated:,} already stored{shifted}",
            f"Imported {directory} in {seconds:.1f} seconds.",
        ]
    )
