"""Shops to import, written as three CSV files, and what was said and stored when they were."""

from collections.abc import Iterable
from io import StringIO
from pathlib import Path
from typing import Any

from django.core.management import CommandError, call_command

from catalog.models import Category, Interaction, Product, Tag, User

EVENTS = [f"ann,tea,view,2026-03-01T09:{minute:02}:00Z" for minute in range(60)]

HEADERS = {
    "products": "id,name,category,price,description,tags",
    "users": "id,name",
    "interactions": "user_id,product_id,action_type,created_at",
}


def write_shop(directory: Path, **files: Iterable[str]) -> Path:
    """Write each named file with its header and these lines; return the directory."""
    for name, lines in files.items():
        (directory / f"{name}.csv").write_text("\n".join([HEADERS[name], *lines, ""]), encoding="utf-8")
    return directory


def write_small_shop(directory: Path) -> Path:
    """Write a small shop without fault: two products, two users, sixty events; return the directory."""
    return write_shop(
        directory,
        products=["tea,Tea,Food,2.50,Black.,hot|leaf", "mug,Mug,Home,8.00,,"],
        users=["ann,Ann", "ben,Ben"],
        interactions=EVENTS,
    )


class Told:
    """Both streams of a command, and the error it ended with."""

    def __init__(self) -> None:
        self.stdout, self.stderr = StringIO(), StringIO()
        self.error = ""

    @property
    def out(self) -> str:
        return self.stdout.getvalue()

    @property
    def problems(self) -> list[str]:
        return [
            line for line in self.stderr.getvalue().splitlines() if ".csv" in line and "lines/s" not in line
        ]


def run_import(directory: Path, *options: str, **streams: Any) -> Told:
    """Return what the command said, whether it ended well or not."""
    reported = Told()
    try:
        call_command(
            "import_shop",
            str(directory),
            *options,
            **{"stdout": reported.stdout, "stderr": reported.stderr} | streams,
        )
    except CommandError as error:
        reported.error = str(error)
    return reported


def n_rows() -> list[int]:
    """Return how many products, users, categories, tags and events are stored."""
    return [model.objects.count() for model in (Product, User, Category, Tag, Interaction)]
