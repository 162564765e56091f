"""What import_shop and import_feed have in common: options, progress, and what they say at their end."""

import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog.errors import CatalogError, InvalidShop
from catalog.importing.console import ConsoleReporter
from catalog.importing.import_shop import ImportOptions, ImportSummary
from catalog.importing.missing import Missing
from catalog.importing.report import format_problem_count

Import = Callable[[ConsoleReporter], ImportSummary]


class ImportCommand(BaseCommand):
    """A command that imports from some source."""

    def add_import_arguments(self, parser: ArgumentParser, *, products: str) -> None:
        """Add the common options. products: what has the products, for their help"""
        parser.add_argument(
            "--strict",
            action="store_true",
            help="import nothing if there is any problem; on SQLite, other writers wait until the import "
            "ends, at most 20 seconds, after which the API responds with 503",
        )
        parser.add_argument(
            "--into-existing",
            action="store_true",
            help="import even if the database contains a shop that has hardly any of the ids",
        )
        parser.add_argument(
            "--missing",
            choices=("report", "deactivate"),
            default="report",
            help=f"what to do about active products that are not in {products}: say how many there are (the "
            "default), or deactivate them, unless some rows cannot be read",
        )
        parser.add_argument(
            "--create-missing",
            action="store_true",
            help="create what only the events name: inactive products, and users, with their ids as names",
        )
        parser.add_argument(
            "--errors",
            type=Path,
            metavar="FILE",
            help="write all problems to this CSV file; three of each cause are always printed",
        )

    def run_import(self, source: str, run: Import, options: dict[str, Any]) -> None:
        """Run an import and print its summary. Raises CommandError if there are problems.

        source: its name in messages
        options: those of the command line
        """
        began = time.perf_counter()
        quiet, errors = options["verbosity"] == 0, options["errors"]
        try:
            with ConsoleReporter(self.stderr, quiet=quiet, errors=errors) as reporter:
                summary = run(reporter)
        except KeyboardInterrupt:
            kept = "the rows imported so far are kept; run the same command again to import the rest"
            self.stderr.write(f"Interrupted: {'nothing was imported' if options['strict'] else kept}.")
            sys.exit(130)
        except CatalogError as error:
            where = _where(errors) if isinstance(error, InvalidShop) else ""
            raise CommandError(f"{error}{where}") from error
        if not quiet:
            self.stdout.write(_format_summary(source, summary, time.perf_counter() - began))
        faults = []
        if summary.n_problems:
            count = format_problem_count(summary.n_problems)
            faults.append(f"{count} found; everything else was imported.{_where(errors)}")
        if summary.missing and summary.missing.obstacle:
            faults.append(f"No product was deactivated: {summary.missing.obstacle}.")
        if faults:
            raise CommandError(" ".join(faults))


def import_options(options: dict[str, Any]) -> ImportOptions:
    """Return what the common options say."""
    return ImportOptions(
        strict=options["strict"],
        deactivate_missing=options["missing"] == "deactivate",
        create_missing=options["create_missing"],
        into_existing=options["into_existing"],
    )


def _where(errors: Path | None) -> str:
    return "" if errors is None else f" All of them are in {errors}."


def _format_summary(source: str, summary: ImportSummary, seconds: float) -> str:
    rows = [
        f"{name} {counts.created:,} created, {counts.updated:,} updated, {counts.unchanged:,} unchanged"
        for name, counts in (("Products:    ", summary.products), ("Users:       ", summary.users))
    ]
    events, days = summary.events, summary.shift.days
    shifted = f", all shifted by {days:+,} days" if days else ""
    rows += [
        f"Categories:   {summary.n_new_categories:,} created",
        f"Tags:         {summary.n_new_tags:,} created",
        f"Interactions: {events.new:,} new, {events.repeated:,} already stored{shifted}",
    ]
    if summary.missing and summary.missing.n_missing is not None:
        rows += _format_missing(summary.missing, summary.missing.n_missing, str(summary.products_name))
    if summary.n_new_products or summary.n_new_users:
        rows.append(
            f"Created:      {summary.n_new_products:,} inactive products and {summary.n_new_users:,} users "
            "that only the events name"
        )
    rows += [f"Left out:     {n:,} {why}" for why, n in summary.left_out.items()]
    return "\n".join([*rows, f"Imported {source} in {seconds:.1f} seconds."])


def _format_missing(missing: Missing, n_missing: int, file: str) -> list[str]:
    is_one = n_missing == 1
    products = f"{n_missing:,} active product{'' if is_one else 's'} of the database"
    done = ""
    if missing.n_deactivated is not None:
        done = f"; {missing.n_deactivated:,} deactivated"
    elif n_missing:
        done = "; add --missing deactivate to deactivate them"
    rows = [f"Missing:      {products} {'is' if is_one else 'are'} not in {file}{done}"]
    if missing.n_inactive:
        rows.append(f"Inactive:     {missing.n_inactive:,} of {file} stay inactive; is_active changes that")
    return rows
