"""Writes everything about one user, or account, as JSON."""

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.references import BadReference
from privacy.errors import UnknownUser
from privacy.person import find
from privacy.services.export import as_json, exported


class Command(BaseCommand):
    help = "Write everything that is known about one user, or one account, as one JSON document."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", help="a number, or ext:<external id>; an account as account:<username>")
        parser.add_argument(
            "--output", metavar="FILE", type=Path, help="a new file, readable by its owner only (the output)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            person = find(options["user"])
        except (BadReference, UnknownUser) as error:
            raise CommandError(str(error)) from error
        document = as_json(exported(person, by=None, now=timezone.now()))
        if options["output"] is None:
            self.stdout.write(document.decode())
            return
        try:
            place = os.open(options["output"], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise CommandError(f"{options['output']} cannot be made: {error.strerror}.") from error
        with os.fdopen(place, "wb") as file:
            file.write(document + b"\n")
        self.stderr.write(f"Written to {options['output']}: {len(document):,} bytes.")
