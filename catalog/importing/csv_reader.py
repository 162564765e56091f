"""CSV reader of the shop's files: yields records with their line numbers and reports unreadable ones."""

import csv
import gzip
import re
import zlib
from collections.abc import Iterator, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any, TextIO

from catalog.importing.lines import UNDECODED, LimitExceeded, Lines, open_lines
from catalog.importing.report import ImportObserver, Problem

LINES_PER_REPORT = 1_000
# RFC 4180, and spaces around quoted values. The quantifiers are possessive, so matching never backtracks.
_VALUE = r' *+(?:"[^"]*+(?:""[^"]*+)*+"[ \t]*+|[^",\r\n][^,\r\n]*+)?'
_WELL_QUOTED = re.compile(rf"(?:{_VALUE},)*+{_VALUE}[\r\n]*+")


def records(
    path: Path, columns: Sequence[str], observer: ImportObserver, *, optional: Sequence[str] = ()
) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Yield each record's first line number and its values, in the order of `columns` and `optional`.

    columns:  two or more
    optional: columns that the file may lack; their values are None then
    Reports missing files and columns, unreadable records, and records with a wrong number of values to the
    observer. Ignores other columns. Holds one record in memory.
    """
    reader = _Reader(path, observer)
    try:
        with open_lines(path) as stream:
            yield from reader.read(stream, columns, optional)
    except LimitExceeded as error:
        reader.report(reader.lines.next_line, f"{error}; the rest of the file is not read")
    except FileNotFoundError:
        reader.report(None, "file not found")
    except EOFError:
        reader.report(reader.lines.next_line, "the gzip file is truncated; copy it again")
    except (gzip.BadGzipFile, zlib.error) as error:
        message = f"the file is damaged or not in gzip format ({error}); copy it again"
        reader.report(reader.lines.next_line, message)
    except OSError as error:
        reader.report(None, f"cannot read the file: {error.strerror}")


class _Reader:
    """Reader of one file."""

    def __init__(self, path: Path, observer: ImportObserver) -> None:
        self._file = path.name
        self._observer = observer
        self.lines = Lines(iter(()))

    def report(
        self, line: int | None, message: str, *, column: str | None = None, value: str | None = None
    ) -> None:
        self._observer.found(Problem(self._file, line, column, value, message))

    def read(
        self, stream: TextIO, columns: Sequence[str], optional: Sequence[str]
    ) -> Iterator[tuple[int, tuple[Any, ...]]]:
        self.lines = Lines(iter(stream))
        rows = self._rows()
        header = self._header(rows, columns, optional)
        if not header:
            return
        places = {name: place for place, name in enumerate(header)}
        wanted = (*columns, *optional)
        pick = itemgetter(*[places.get(name, len(header)) for name in wanted])
        is_whole = places.keys() >= set(wanted)
        n_reported = 0
        for line, cells in rows:
            if line - n_reported > LINES_PER_REPORT:
                self._observer.advanced(line - 1 - n_reported)
                n_reported = line - 1
            if self.lines.undecoded:
                self._report_undecoded(line, header, cells)
            elif len(cells) != len(header):
                message = f"has {len(cells)} values, but the header has {len(header)} columns"
                self.report(line, message, value=self._first_held())
            else:
                yield line, pick(cells if is_whole else [*cells, None])
        self._observer.advanced(self.lines.next_line - 1 - n_reported)

    def _header(
        self, rows: Iterator[tuple[int, list[str]]], columns: Sequence[str], optional: Sequence[str]
    ) -> list[str]:
        """Return the column names; after reporting, an empty list if a column is missing or repeated."""
        line, header = next(rows, (1, []))
        if not header:
            self.report(line, f"the file is empty; its first line must be {','.join(columns)}")
            return []
        if self.lines.undecoded:
            self._report_undecoded(line, header, header)
        header = [name.strip() for name in header]
        wrong = [column for column in columns if header.count(column) != 1]
        wrong += [column for column in optional if header.count(column) > 1]
        for column in wrong:
            fault = "appears more than once in" if column in header else "is missing from"
            self.report(line, f"{fault} the header", column=column, value=",".join(header))
        return [] if wrong else header

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield every correctly quoted record that is not blank; report incorrectly quoted ones."""
        lines = self.lines
        reader = csv.reader(iter(lines), skipinitialspace=True)
        while True:
            cells: list[str] | None = []
            fault = None
            try:
                cells = next(reader, None)
            except csv.Error as error:
                fault = f"invalid CSV ({error}); check for an unclosed quotation mark"
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
            "unclosed or misplaced quotation mark; "
            'write "…" around the whole value and "" for a quotation mark inside it'
        )

    def _first_held(self) -> str:
        return self.lines.held[0].rstrip("\r\n")

    def _report_undecoded(self, line: int, header: list[str], cells: list[str]) -> None:
        names = header if len(header) == len(cells) else [None] * len(cells)
        for column, value in zip(names, cells, strict=True):
            if UNDECODED.search(value):
                self.report(line, "not valid UTF-8; save the file as UTF-8", column=column, value=value)
