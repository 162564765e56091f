"""`import_shop DIR`: imports the products, users and events of a directory of CSV files."""

import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from catalog.errors import CatalogError, InvalidShop
from catalog.importing.console import ConsoleReporter
from catalog.importing.import_shop import ImportOptions, ImportSummary, import_shop
from catalog.importing.missing import Missing
from catalog.importing.presence import Presence, presence
from catalog.importing.report import format_problem_count

UNCHANGED = {
    Presence.COMPLETE: "{directory} is already imported; nothing was changed.",
    Presence.ANOTHER: "The database contains another shop; nothing was changed.",
}


class Command(BaseCommand):
    help = (
        "Import a shop from products.csv, users.csv and interactions.csv (or .csv.gz), or those of them that "
        "exist. Existing rows are matched by id, so importing twice changes nothing. Invalid rows are "
        "reported, the others imported."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "directory", type=Path, metavar="DIR", help="the directory that contains the files"
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
            "--into-existing",
            action="store_true",
            help="import even if the database contains a shop that has hardly any of the ids in the files",
        )
        parser.add_argument(
            "--missing",
            choices=("report", "deactivate"),
            default="report",
            help="what to do about active products that are not in products.csv: say how many there are (the "
            "default), or deactivate them, unless some rows of the file cannot be read",
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
        into_existing: bool,
        missing: str,
        create_missing: bool,
        errors: Path | None,
        shift_dates_to_yesterday: bool,
        verbosity: int,
        **options: Any,
    ) -> None:
        began = time.perf_counter()
        now = timezone.now()
        try:
            found = presence(directory, now) if unless_imported else Presence.PARTIAL
            if found is not Presence.PARTIAL:
                if verbosity:
                    self.stdout.write(UNCHANGED[found].format(directory=directory))
                return
            with ConsoleReporter(self.stderr, quiet=verbosity == 0, errors=errors) as reporter:
                summary = import_shop(
                    directory,
                    now=now,
                    observer=reporter,
                    options=ImportOptions(
                        strict=strict,
                        ends_yesterday=shift_dates_to_yesterday,
                        deactivate_missing=missing == "deactivate",
                        create_missing=create_missing,
                        into_existing=into_existing or unless_imported,
                    ),
                )
        except KeyboardInterrupt:
            kept = "the rows imported so far are kept; run the same command again to import the rest"
            self.stderr.write(f"Interrupted: {'nothing was imported' if strict else kept}.")
            sys.exit(130)
        except CatalogError as error:
            raise CommandError(
                f"{error}{_where(errors)}" if isinstance(error, InvalidShop) else str(error)
            ) from error
        if verbosity:
            self.stdout.write(_format_summary(directory, summary, time.perf_counter() - began))
        faults = []
        if summary.n_problems:
            count = format_problem_count(summary.n_problems)
            faults.append(f"{count} found; everything else was imported.{_where(errors)}")
        if summary.missing and summary.missing.obstacle:
            faults.append(f"No product was deactivated: {summary.missing.obstacle}.")
        if faults:
            raise CommandError(" ".join(faults))


def _where(errors: Path | None) -> str:
    return "" if errors is None else f" All of them are in {errors}."


def _format_summary(directory: Path, summary: ImportSummary, seconds: float) -> str:
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
        rows += _format_missing(summary.missing, summary.missing.n_missing)
    if summary.n_new_products or summary.n_new_users:
        rows.append(
            f"Created:      {summary.n_new_products:,} inactive products and {summary.n_new_users:,} users "
            "that only the events name"
        )
    return "\n".join([*rows, f"Imported {directory} in {seconds:.1f} seconds."])


def _format_missing(missing: Missing, n_missing: int) -> list[str]:
    is_one = n_missing == 1
    products = f"{n_missing:,} active product{'' if is_one else 's'} of the database"
    done = ""
    if missing.n_deactivated is not None:
        done = f"; {missing.n_deactivated:,} deactivated"
    elif n_missing:
        done = "; add --missing deactivate to deactivate them"
    rows = [f"Missing:      {products} {'is' if is_one else 'are'} not in products.csv{done}"]
    if missing.n_inactive:
        rows.append(
            f"Inactive:     {missing.n_inactive:,} of products.csv stay inactive; is_active changes that"
        )
    return rows
