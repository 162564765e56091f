"""`remove_shop DIR`: takes an import back."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from catalog.errors import CatalogError
from core.commands import progress_bar
from privacy.errors import CacheUnreachable
from privacy.services.remove_shop import ShopRows, remove_shop, shop_rows


class Command(BaseCommand):
    help = (
        "Delete the products and users of a directory's files from the database, with all their events, and "
        "erase the users as erase_user does. Users with an account stay. This cannot be undone."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("directory", type=Path, metavar="DIR", help="the directory that was imported")
        parser.add_argument("--dry-run", action="store_true", help="count the rows, and delete nothing")
        parser.add_argument("--yes", action="store_true", help="delete without confirmation")

    def handle(self, *, directory: Path, dry_run: bool, yes: bool, verbosity: int, **options: Any) -> None:
        now = timezone.now()
        try:
            rows = shop_rows(directory, now)
        except CatalogError as error:
            raise CommandError(str(error)) from error
        if dry_run or not yes:
            self.stdout.write(_format(rows))
        if dry_run:
            return
        if not yes:
            _confirm(directory)
        stream: Any = self.stderr._out
        total = len(rows.products) + len(rows.users)
        with progress_bar(
            stream, total=total, description="removing", unit="rows", quiet=verbosity == 0
        ) as bar:
            try:
                remove_shop(rows, now=now, advanced=bar.update)
            except CacheUnreachable as error:
                raise CommandError(f"{error} Run the same command again.") from error
            except KeyboardInterrupt:
                raise CommandError("Interrupted. Run the same command again to remove the rest.") from None
        if verbosity:
            self.stdout.write(
                f"Removed {len(rows.products):,} products, {len(rows.users):,} users and {rows.n_events:,} "
                "interactions."
            )


def _format(rows: ShopRows) -> str:
    lines = [
        f"{len(rows.products):>9,}  products",
        f"{len(rows.users):>9,}  users",
        f"{rows.n_events:>9,}  interactions of these products or users",
    ]
    if rows.n_accounts:
        lines.append(f"{rows.n_accounts:>9,}  users have an account and stay")
    return "\n".join(lines)


def _confirm(directory: Path) -> None:
    """Ask for confirmation. Raises CommandError if it is not given, or if there is no terminal."""
    if not sys.stdin.isatty():
        raise CommandError(
            "Nothing was removed: there is no terminal to ask for confirmation. Add --yes to remove anyway."
        )
    if input(f"Type {directory} to remove these rows: ") != str(directory):
        raise CommandError("Nothing was removed.")
