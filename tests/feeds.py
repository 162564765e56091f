"""Feeds as shops export them (`tests/data/feeds`), and rows made from a few lines."""

import csv
from collections.abc import Iterator
from pathlib import Path

from catalog.importing.feeds.rows import SourceRow, column_key

FEEDS = Path(__file__).parent / "data" / "feeds"


class GivenRows:
    """The rows of a few lines of CSV, the header first."""

    def __init__(self, *lines: str) -> None:
        header, *self._records = csv.reader(lines)
        self.columns = tuple(map(column_key, header))

    def __iter__(self) -> Iterator[SourceRow]:
        for line, cells in enumerate(self._records, 2):
            yield SourceRow(line, dict(zip(self.columns, cells, strict=True)))

    unreported = __iter__
