"""Rows by the thousand: in chunks, found again by a key, counted by what became of them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from django.db import models

# How many rows one transaction writes.
CHUNK = 10_000
# How many values one query names; SQLite takes fewer than 1,000.
NAMED_AT_ONCE = 500

T = TypeVar("T")


@dataclass(slots=True)
class Counts:
    """How many rows of a file were new, changed, or as they were before."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0

    def add(self, *, n_rows: int, n_stored: int, n_written: int) -> None:
        """Count a chunk, of which so many rows were stored before and so many had to be written."""
        n_created = n_rows - n_stored
        self.created += n_created
        self.updated += n_written - n_created
        self.unchanged += n_rows - n_written


def in_chunks(rows: Iterable[T], n: int) -> Iterator[list[T]]:
    """Yield the rows in lists of n, the last one shorter."""
    left = iter(rows)
    while chunk := list(islice(left, n)):
        yield chunk


def stored_rows(
    model: type[models.Model], key: str, values: Sequence[str], *fields: str
) -> dict[str, tuple[Any, ...]]:
    """Return the fields of the rows whose key is among the values, by key. 1 query per 500 values."""
    found = {}
    for batch in in_chunks(values, NAMED_AT_ONCE):
        rows = model._default_manager.filter(**{f"{key}__in": batch}).values_list(key, *fields)
        found.update({name: tuple(row) for name, *row in rows})
    return found
