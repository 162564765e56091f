"""Write all data about one user or account as JSON."""

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.references import BadReference
from privacy.errors import UnknownUser
from privacy.person import find
from privacy.services.export import as_json, export


class Command(BaseCommand):
    help = "Write all data about one user or account as one JSON document."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", help="a number or ext:<external id>, or account:<username>")
        parser.add_argument(
            "--output",
            metavar="FILE",
            type=Path,
            help="a new file, readable only by its owner (default: standard output)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            person = find(options["user"])
        except (BadReference, UnknownUser) as error:
            raise CommandError(str(error)) from error
        document = as_json(export(person, by=None, now=timezone.now()))
        if options["output"] is None:
            self.stdout.write(document.decode())
            return
        try:
            descriptor = os.open(options["output"], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise CommandError(f"{options['output']} cannot be created: {error.strerror}.") from error
        with os.fdopen(descriptor, "wb") as file:
            file.write(document + b"\n")
        self.stderr.write(f"Wrote {len(document):,} bytes to {options['output']}.")
