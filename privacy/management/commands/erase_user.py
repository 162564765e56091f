"""Erase one user or account from every table and cache."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.references import BadReference
from privacy.errors import CacheUnreachable, UnknownUser
from privacy.person import find
from privacy.services.erase import count_rows, erase
from privacy.services.export import as_json


class Command(BaseCommand):
    help = "Erase one user or account from every table and cache. This cannot be undone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", help="a number or ext:<external id>, or account:<username>")
        parser.add_argument("--yes", action="store_true", help="erase without confirmation")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            person = find(options["user"])
        except (BadReference, UnknownUser) as error:
            raise CommandError(str(error)) from error
        if not options["yes"]:
            self._confirm(options["user"], count_rows(person).gone)
        try:
            receipt = erase(person, by=None, now=timezone.now())
        except CacheUnreachable as error:
            raise CommandError(str(error)) from error
        summary = {"receipt": receipt.pk, "erased_at": receipt.at, **receipt.counts}
        self.stdout.write(as_json(summary).decode())

    def _confirm(self, reference: str, gone: Any) -> None:
        """Ask for confirmation. Raises CommandError if it is not given, or if there is no terminal."""
        if not sys.stdin.isatty():
            raise CommandError(
                "Nothing was erased: there is no terminal to ask for confirmation. Add --yes to erase anyway."
            )
        self.stdout.write("These rows will be deleted permanently:")
        for label, n in gone.items():
            self.stdout.write(f"  {n:>9,}  {label}")
        if input(f"Type {reference} to erase: ") != reference:
            raise CommandError("Nothing was erased.")
