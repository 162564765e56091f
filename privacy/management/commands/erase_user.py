"""Erases one user, or account, from everywhere."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.references import BadReference
from privacy.errors import CacheUnreachable, UnknownUser
from privacy.person import find
from privacy.services.erase import counted, erase
from privacy.services.export import as_json


class Command(BaseCommand):
    help = "Erase one user, or one account, from every table and cache. There is no way back."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", help="a number, or ext:<external id>; an account as account:<username>")
        parser.add_argument("--yes", action="store_true", help="do it without asking")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            person = find(options["user"])
        except (BadReference, UnknownUser) as error:
            raise CommandError(str(error)) from error
        if not options["yes"]:
            self._ask(options["user"], counted(person).gone)
        try:
            receipt = erase(person, by=None, now=timezone.now())
        except CacheUnreachable as error:
            raise CommandError(str(error)) from error
        told = {"receipt": receipt.pk, "erased_at": receipt.at, **receipt.counts}
        self.stdout.write(as_json(told).decode())

    def _ask(self, reference: str, gone: Any) -> None:
        """Return if whoever sits there says yes. Raises CommandError if not, or if nobody sits there."""
        if not sys.stdin.isatty():
            raise CommandError(
                "Nothing was erased: nobody can be asked here. Add --yes to erase without asking."
            )
        self.stdout.write("These rows will be gone for good:")
        for label, n in gone.items():
            self.stdout.write(f"  {n:>9,}  {label}")
        if input(f"Type {reference} to erase: ") != reference:
            raise CommandError("Nothing was erased.")
