"""`import_feed SOURCE`: imports a feed or an export of another program, from a file or an https address."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.utils import timezone

from catalog.errors import CatalogError
from catalog.importing.console import ConsoleReporter
from catalog.importing.feeds.download import Limits
from catalog.importing.feeds.feed_map import FeedMap, load_feed_map
from catalog.importing.feeds.formats import AUTO, FAMILIES
from catalog.importing.feeds.import_feed import Preview, Source, import_feed, preview
from catalog.importing.import_shop import ImportSummary
from catalog.importing.lines import MIB
from catalog.importing.report import escaped, format_problem_count
from catalog.management.import_command import ImportCommand, import_options
from core.commands import whole_number

_CELL_WIDTH = 22


class Command(ImportCommand):
    help = (
        "Import a feed or an export of another program: Google Merchant Center (XML or a table), Shopify or "
        "WooCommerce (products or orders), or any table that a file for --map describes. Existing rows are "
        "matched by id, so importing twice changes nothing. Invalid rows are reported, the others imported."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", metavar="SOURCE", help="a file, or an https address")
        parser.add_argument(
            "--format",
            choices=(*FAMILIES, AUTO),
            default=AUTO,
            dest="family",
            help="what has written it; auto, the default, finds it by the content",
        )
        parser.add_argument(
            "--map",
            type=Path,
            metavar="FILE",
            help="a TOML file that says what the columns are, and how values are written; see docs/import.md",
        )
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="read everything, print what the first rows would be, and import nothing",
        )
        parser.add_argument(
            "--max-mib",
            type=whole_number(),
            default=500,
            metavar="N",
            help="the largest download, in MiB (default: 500)",
        )
        parser.add_argument(
            "--timeout",
            type=whole_number(),
            default=300,
            metavar="SECONDS",
            help="the longest time that a download may take (default: 300)",
        )
        parser.add_argument(
            "--allow-private",
            action="store_true",
            help="download from addresses of your own network and of this machine, too",
        )
        self.add_import_arguments(parser, products="the feed")

    def handle(self, *, source: str, dry_run: bool, **options: Any) -> None:
        try:
            feed = Source(
                place=source,
                family=options["family"],
                feed_map=load_feed_map(options["map"]) if options["map"] else FeedMap(),
                limits=Limits(
                    max_bytes=options["max_mib"] * MIB,
                    seconds=float(options["timeout"]),
                    is_private_allowed=options["allow_private"],
                ),
                currency=settings.CURRENCY,
            )
        except CatalogError as error:
            raise CommandError(str(error)) from error
        if dry_run:
            self._preview(feed, options)
            return

        def run(reporter: ConsoleReporter) -> ImportSummary:
            return import_feed(feed, now=timezone.now(), observer=reporter, options=import_options(options))

        self.run_import(feed.shown, run, options)

    def _preview(self, feed: Source, options: dict[str, Any]) -> None:
        quiet, errors = options["verbosity"] == 0, options["errors"]
        with ConsoleReporter(self.stderr, quiet=quiet, errors=errors) as reporter:
            try:
                found = preview(feed, now=timezone.now(), observer=reporter, options=import_options(options))
            except CatalogError as error:
                raise CommandError(str(error)) from error
        self.stdout.write(_format_preview(found))
        if found.n_problems:
            raise CommandError(f"{format_problem_count(found.n_problems)} found; nothing was imported.")


def _format_preview(found: Preview) -> str:
    """Return the first rows side by side, a line for each column, and the counts."""
    names = list(dict.fromkeys(name for row in found.rows for name in row))
    width = max(map(len, names), default=0)
    lines = [
        "  ".join([name.ljust(width), *(_cell(row.get(name, "")) for row in found.rows)]).rstrip()
        for name in names
    ]
    counts = [f"{n:,} {what}" for what, n in found.counts.items() if n]
    left_out = [f"Left out: {n:,} {why}" for why, n in found.left_out.items()]
    return "\n".join([*lines, f"Valid: {', '.join(counts) or 'no rows'}; nothing was imported.", *left_out])


def _cell(text: str) -> str:
    return escaped(text, _CELL_WIDTH - 1).ljust(_CELL_WIDTH)
