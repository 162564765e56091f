"""`import_shop DIR`: imports the products, users and events of a directory of CSV files."""

from argparse import ArgumentParser
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from catalog.errors import CatalogError
from catalog.importing.console import ConsoleReporter
from catalog.importing.import_shop import ImportSummary, import_shop
from catalog.importing.presence import Presence, presence
from catalog.management.import_command import ImportCommand, import_options

UNCHANGED = {
    Presence.COMPLETE: "{directory} is already imported; nothing was changed.",
    Presence.ANOTHER: "The database contains another shop; nothing was changed.",
}


class Command(ImportCommand):
    help = (
        "Import a shop from products.csv, users.csv and interactions.csv (or .csv.gz), or those of them that "
        "exist. Existing rows are matched by id, so importing twice changes nothing. Invalid rows are "
        "reported, the others imported."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "directory", type=Path, metavar="DIR", help="the directory that contains the files"
        )
        self.add_import_arguments(parser, products="products.csv")
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

    def handle(self, *, directory: Path, unless_imported: bool, **options: Any) -> None:
        now = timezone.now()
        try:
            found = presence(directory, now) if unless_imported else Presence.PARTIAL
        except CatalogError as error:
            raise CommandError(str(error)) from error
        if found is not Presence.PARTIAL:
            if options["verbosity"]:
                self.stdout.write(UNCHANGED[found].format(directory=directory))
            return
        chosen = replace(
            import_options(options),
            ends_yesterday=options["shift_dates_to_yesterday"],
            into_existing=options["into_existing"] or unless_imported,
        )

        def run(reporter: ConsoleReporter) -> ImportSummary:
            return import_shop(directory, now=now, observer=reporter, options=chosen)

        self.run_import(str(directory), run, options)
