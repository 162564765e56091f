"""Bulk import of rows: chunks, and counts of the results."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

# Rows per transaction.
CHUNK = 10_000

T = TypeVar("T")


@dataclass(slots=True)
class Counts:
    """The number of rows of a file that were created, updated, or left unchanged."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0

    def add(self, *, n_rows: int, n_stored: int, n_written: int) -> None:
        """Add a chunk.

        n_stored: rows that existed before; n_written: rows created or updated
        """
        n_created = n_rows - n_stored
        self.created += n_created
        self.updated += n_written - n_created
        self.unchanged += n_rows - n_written


def in_chunks(rows: Iterable[T], n: int) -> Iterator[list[T]]:
    """Yield the rows in lists of n; the last one may be shorter."""
    iterator = iter(rows)
    while chunk := list(islice(iterator, n)):
        yield chunk
