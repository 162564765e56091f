"""CSV reader of the shop's files: yields records with their line numbers and reports unreadable ones."""

import csv
import gzip
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from operator import itemgetter
from typing import Any, TextIO

from catalog.importing.lines import UNDECODED, LimitExceeded, Lines, reading_fault
from catalog.importing.report import ImportObserver, Problem, escaped
from catalog.importing.text_files import UTF_8, TextFile

LINES_PER_REPORT = 1_000
MAX_UNREAD = 20  # columns that a note names
SEPARATORS = (",", ";", "\t", "|")
_SEPARATOR_NAMES = {"\t": "tab", " ": "space"}
# The first line by which some spreadsheet programs name the separator.
_SEPARATOR_LINE = re.compile(r'"?sep=([^\w\s"]|\t| )"?[\r\n]*', re.IGNORECASE | re.ASCII)


def records(
    file: TextFile,
    columns: Sequence[str],
    observer: ImportObserver,
    *,
    optional: Sequence[str] = (),
    unreadable: Callable[[int, str | None], object] = lambda line, first: None,
) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Yield each record's first line number and its values, in the order of `columns` and `optional`.

    columns:  two or more
    optional: columns that the file may lack; their values are None then
    unreadable: called for each record that cannot be read, with its line and its value of the first column,
                None where there is none; with line 0 if the rest of the file cannot be read
    Reports missing files and columns, unreadable records, and records with a wrong number of values to the
    observer, and notes other columns, which are not read. Holds one record in memory.
    """
    with opened_table(file, observer, expected=columns) as table:
        if table is None or not (header := table.checked_header(columns, optional)):
            unreadable(0, None)
            return
        table.key_place = header.index(columns[0])
        table.unreadable = unreadable
        if others := [name for name in header if name not in columns and name not in optional]:
            more = f" and {len(others) - MAX_UNREAD} more" if len(others) > MAX_UNREAD else ""
            names = ", ".join(escaped(name) or '""' for name in others[:MAX_UNREAD])
            observer.noted(file.name, f"not read: {names}{more}")
        places = {name: place for place, name in enumerate(header)}
        wanted = (*columns, *optional)
        pick = itemgetter(*[places.get(name, len(header)) for name in wanted])
        is_whole = places.keys() >= set(wanted)
        for line, cells in table.rows():
            yield line, pick(cells if is_whole else [*cells, None])


@contextmanager
def opened_table(
    file: TextFile, observer: ImportObserver, *, expected: Iterable[str] = (), separator: str | None = None
) -> Iterator["Table | None"]:
    """Open a file as a table; after reporting, None if it cannot be read.

    expected:  columns by whose names the separator is found, unless it is given or the file names it
    """
    table = Table(file, observer)
    is_open = False
    with ExitStack() as stack:
        with table.reporting():
            table.open(stack.enter_context(file.open()), set(expected), separator)
            is_open = True
        yield table if is_open else None


class Table:
    """The header and rows of a CSV file.

    header:    the names of the columns, without surrounding blanks; empty if the file is
    separator: the character between columns
    key_place: of the column whose value `unreadable` is called with, see `records`
    """

    def __init__(self, file: TextFile, observer: ImportObserver) -> None:
        self._file = file
        self._observer = observer
        self._records: Iterator[tuple[int, list[str]]] = iter(())
        self._header_line = 1
        self.lines = Lines(iter(()))
        self.header: list[str] = []
        self.key_place = 0
        self.unreadable: Callable[[int, str | None], object] = lambda line, first: None
        self.separator = ","

    def report(
        self, line: int | None, message: str, *, column: str | None = None, value: str | None = None
    ) -> None:
        self._observer.found(Problem(self._file.name, line, column, value, message))

    @contextmanager
    def reporting(self) -> Iterator[None]:
        """Report an error of reading the file, which ends the block."""
        line: int | None = None
        try:
            yield
            return
        except LimitExceeded as error:
            line, message = self.lines.next_line, f"{error}; the rest of the file is not read"
        except FileNotFoundError:
            message = "file not found"
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            line, message = self.lines.next_line, reading_fault(error)
        except OSError as error:
            message = reading_fault(error)
        self.report(line, message)
        self.unreadable(0, None)

    def open(self, stream: TextIO, expected: set[str], separator: str | None) -> None:
        """Find the separator and read the header."""
        self.lines = lines = Lines(iter(stream))
        first = next(iter(lines), "")
        named = _SEPARATOR_LINE.fullmatch(first)
        if named:
            lines.release()
            first = next(iter(lines), "")
        while first and not first.strip():
            lines.release()
            first = next(iter(lines), "")
        lines.read_again()
        self.separator = separator or (named[1] if named else separator_of(first, expected))
        if named or self.separator != "," or self._file.encoding != UTF_8:
            shown = _SEPARATOR_NAMES.get(self.separator, self.separator)
            self._observer.noted(self._file.name, f"read as {self._file.encoding}, columns by {shown}")
        self._records = self._all_records()
        self._header_line, header = next(self._records, (1, []))
        if lines.undecoded:
            self._report_undecoded(self._header_line, header)
        self.header = [name.strip() for name in header]

    def checked_header(self, columns: Sequence[str], optional: Sequence[str]) -> list[str]:
        """Return the column names; after reporting, an empty list if a column is missing or repeated."""
        line, header = self._header_line, self.header
        if not header:
            self.report(line, f"the file is empty; its first line must be {','.join(columns)}")
            return []
        wrong = [column for column in columns if header.count(column) != 1]
        wrong += [column for column in optional if header.count(column) > 1]
        for column in wrong:
            fault = "appears more than once in the header"
            if column not in header:
                alike = [name for name in header if name.lower() == column]
                hint = f'; write it in small letters, not "{alike[0]}"' if alike else ""
                fault = f"is missing from the header{hint}"
            self.report(line, fault, column=column, value=self.separator.join(header))
        return [] if wrong else header

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the line and values of each readable record that has as many values as the header."""
        with self.reporting():
            n_reported = 0
            n_columns = len(self.header)
            for line, cells in self._records:
                if line - n_reported > LINES_PER_REPORT:
                    self._observer.advanced(line - 1 - n_reported)
                    n_reported = line - 1
                if self.lines.undecoded:
                    self._report_undecoded(line, cells)
                    self._refuse(line, cells)
                elif len(cells) != n_columns:
                    message = f"has {len(cells)} values, but the header has {n_columns} columns"
                    self.report(line, message, value=self._first_held())
                    self._refuse(line, cells)
                else:
                    yield line, cells
            self._observer.advanced(self.lines.next_line - 1 - n_reported)

    def _all_records(self) -> Iterator[tuple[int, list[str]]]:
        """Yield every correctly quoted record that is not blank; report incorrectly quoted ones."""
        lines, separator = self.lines, self.separator
        well_quoted = _well_quoted(separator)
        reader = csv.reader(iter(lines), delimiter=separator, skipinitialspace=True)
        while True:
            cells: list[str] | None = []
            fault = None
            try:
                cells = next(reader, None)
            except csv.Error as error:
                fault = f"invalid CSV ({error}); check for an unclosed quotation mark"
            if cells is None:
                return
            record = lines.held[0] if len(lines.held) == 1 else "".join(lines.held)
            if not fault and '"' in record and not well_quoted.fullmatch(record):
                fault = (
                    "unclosed or misplaced quotation mark; "
                    'write "…" around the whole value and "" for a quotation mark inside it'
                )
            if fault:
                self.report(lines.line, fault, value=self._first_held())
                self._refuse(lines.line, [])
                lines.give_up_first()
                reader = csv.reader(iter(lines), delimiter=separator, skipinitialspace=True)
                continue
            if len(cells) > 1 or (cells and cells[0].strip()):
                yield lines.line, cells
            lines.release()

    def _refuse(self, line: int, cells: list[str]) -> None:
        self.unreadable(line, cells[self.key_place] if self.key_place < len(cells) else None)

    def _first_held(self) -> str:
        return self.lines.held[0].rstrip("\r\n")

    def _report_undecoded(self, line: int, cells: list[str]) -> None:
        header = self.header or cells
        names = header if len(header) == len(cells) else [None] * len(cells)
        message = f"not valid {self._file.encoding}; save the file as UTF-8"
        for column, value in zip(names, cells, strict=True):
            if UNDECODED.search(value):
                self.report(line, message, column=column, value=value)


def separator_of(header: str, expected: set[str]) -> str:
    """Return the separator that gives the header the most of the expected columns; of equals, the first.

    Without expected columns it is the one that gives the most columns.
    """

    def n_found(separator: str) -> int:
        try:
            (names,) = csv.reader([header], delimiter=separator, skipinitialspace=True)
        except (csv.Error, ValueError):
            return 0
        return len(expected.intersection(map(str.strip, names)) if expected else names)

    return max(SEPARATORS, key=n_found)


@lru_cache
def _well_quoted(separator: str) -> re.Pattern[str]:
    """Return the pattern of a record: RFC 4180, and spaces around quoted values.

    The quantifiers are possessive, so matching never backtracks.
    """
    mark = re.escape(separator)
    blank = r"[ \t]" if separator != "\t" else " "
    value = rf' *+(?:"[^"]*+(?:""[^"]*+)*+"{blank}*+|[^"{mark}\r\n][^{mark}\r\n]*+)?'
    return re.compile(rf"(?:{value}{mark})*+{value}[\r\n]*+")
