"""Reads a shop's CSV files into records, each with the line it began on; what cannot be read is reported."""

import csv
import gzip
import re
import zlib
from collections.abc import Iterator, Sequence
from operator import itemgetter
from pathlib import Path
from typing import TextIO

from catalog.importing.lines import UNDECODED, Lines, open_lines
from catalog.importing.report import ImportObserver, Problem

LINES_A_REPORT = 1_000
# What RFC 4180 allows, and blanks around quoted values; possessive, so that it never tries anything twice.
_VALUE = r' *+(?:"[^"]*+(?:""[^"]*+)*+"[ \t]*+|[^",\r\n][^,\r\n]*+)?'
_WELL_QUOTED = re.compile(rf"(?:{_VALUE},)*+{_VALUE}[\r\n]*+")


def records(
    path: Path, columns: Sequence[str], watcher: ImportObserver, *, also: str | None = None
) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield each record's first line and its values in the order of `columns` (two or more).

    also: a column that a file may lack; its value stands last, and is left out where the header lacks it
    What is missing, cannot be read or has another number of values than the header goes to the watcher;
    the rest is yielded, and columns that nobody asked for are passed over. Memory holds one record.
    """
    reader = _Reader(path, watcher)
    try:
        with open_lines(path) as stream:
            yield from reader.read(stream, columns, also)
    except FileNotFoundError:
        reader.report(None, "is missing")
    except EOFError:
        reader.report(reader.lines.next_line, "the gzip file ends early; copy it again to get the rest")
    except (gzip.BadGzipFile, zlib.error) as error:
        message = f"is not a gzip file, or a damaged one ({error}); copy it again to get the rest"
        reader.report(reader.lines.next_line, message)
    except OSError as error:
        reader.report(None, f"cannot be read: {error.strerror}")


class _Reader:
    """One file on its way into records."""

    def __init__(self, path: Path, watcher: ImportObserver) -> None:
        self._file = path.name
        self._watcher = watcher
        self.lines = Lines(iter(()))

    def report(
        self, line: int | None, message: str, *, column: str | None = None, value: str | None = None
    ) -> None:
        self._watcher.found(Problem(self._file, line, column, value, message))

    def read(
        self, stream: TextIO, columns: Sequence[str], also: str | None
    ) -> Iterator[tuple[int, tuple[str, ...]]]:
        self.lines = Lines(iter(stream))
        rows = self._rows()
        header = self._header(rows, columns, also)
        if not header:
            return
        wanted = [*columns, also] if also in header else columns
        pick = itemgetter(*map(header.index, wanted))
        told = 0
        for line, cells in rows:
            if line - told > LINES_A_REPORT:
                self._watcher.advanced(line - 1 - told)
                told = line - 1
            if self.lines.undecoded:
                self._report_undecoded(line, header, cells)
            elif len(cells) != len(header):
                message = f"holds {len(cells)} values where the header names {len(header)}"
                self.report(line, message, value=self._first_held())
            else:
                yield line, pick(cells)
        self._watcher.advanced(self.lines.next_line - 1 - told)

    def _header(
        self, rows: Iterator[tuple[int, list[str]]], columns: Sequence[str], also: str | None
    ) -> list[str]:
        """Return the names of the columns; nothing, once reported, when one is not there, or there twice."""
        line, header = next(rows, (1, []))
        if not header:
            self.report(line, f"the file is empty; it must begin with {','.join(columns)}")
            return []
        if self.lines.undecoded:
            self._report_undecoded(line, header, header)
        header = [name.strip() for name in header]
        wrong = [column for column in columns if header.count(column) != 1]
        if also and header.count(also) > 1:
            wrong.append(also)
        for column in wrong:
            fault = "stands twice in" if column in header else "is missing from"
            self.report(line, f"{fault} the header", column=column, value=",".join(header))
        return [] if wrong else header

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield every record that is well quoted and not blank; report the others."""
        lines = self.lines
        reader = csv.reader(iter(lines), skipinitialspace=True)
        while True:
            cells: list[str] | None = []
            fault = None
            try:
                cells = next(reader, None)
            except csv.Error as error:
                fault = f"cannot be read ({error}); is a quotation mark not closed?"
            if cells is None:
                return
            fault = fault or self._misquoted()
            if fault:
                self.report(lines.line, fault, value=self._first_held())
                lines.give_up_first()
                reader = csv.reader(iter(lines), skipinitialspace=True)
                continue
            if len(cells) > 1 or (cells and cells[0].strip()):
                yield lines.line, cells
            lines.release()

    def _misquoted(self) -> str | None:
        record = self.lines.held[0] if len(self.lines.held) == 1 else "".join(self.lines.held)
        if '"' not in record or _WELL_QUOTED.fullmatch(record):
            return None
        return (
            "a quotation mark is not closed, or stands inside a quoted value; "
            'write "…" around the whole value and "" for a mark inside it'
        )

    def _first_held(self) -> str:
        return self.lines.held[0].rstrip("\r\n")

    def _report_undecoded(self, line: int, header: list[str], cells: list[str]) -> None:
        names = header if len(header) == len(cells) else [None] * len(cells)
        for column, value in zip(names, cells, strict=True):
            if UNDECODED.search(value):
                self.report(line, "is not UTF-8; save the file as UTF-8", column=column, value=value)
