"""Reads a shop's CSV files into records, each with the line it began on; what cannot be read is reported."""

import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import TextIO

from catalog.services.shop_report import Problem, Watcher

LINES_A_REPORT = 1_000
# A byte that is not UTF-8 is read as one of these (Python's "surrogateescape").
_UNDECODED = re.compile("[\udc80-\udcff]")
# What RFC 4180 allows, and blanks around quoted values; possessive, so that it never tries anything twice.
_VALUE = r' *+(?:"[^"]*+(?:""[^"]*+)*+"[ \t]*+|[^",\r\n][^,\r\n]*+)?'
_WELL_QUOTED = re.compile(rf"(?:{_VALUE},)*+{_VALUE}[\r\n]*+")


@dataclass(slots=True)
class _Lines:
    """The lines of a file; those of the record being read are held, so that they can be read again."""

    stream: Iterator[str]
    line: int = 1
    held: list[str] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    undecoded: bool = False

    def __iter__(self) -> Iterator[str]:
        while True:
            line = self.again.pop() if self.again else next(self.stream, None)
            if line is None:
                return
            self.held.append(line)
            if not line.isascii() and _UNDECODED.search(line):
                self.undecoded = True
            yield line

    def release(self) -> None:
        """Go on to the next record."""
        self.line += len(self.held)
        self.held.clear()
        self.undecoded = False

    def give_up_first(self) -> None:
        """Leave out the first line of the record and read the others again, as records of their own."""
        self.line += 1
        self.again.extend(reversed(self.held[1:]))
        self.held.clear()
        self.undecoded = False


def count_lines(path: Path) -> int:
    """Return how many lines a file has, as far as it can be read."""
    n_lines = 0
    try:
        with _open(path) as stream:
            while chunk := stream.buffer.read(1 << 20):
                n_lines += chunk.count(b"\n")
    except (OSError, EOFError, zlib.error):
        pass  # whoever reads the rows meets it again and reports it
    return n_lines


def records(path: Path, columns: Sequence[str], watcher: Watcher) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield each record's first line and its values in the order of `columns`.

    What is missing, cannot be read or has another number of values than the header goes to the watcher;
    the rest is yielded. Memory holds one record.
    """
    reader = _Records(path, watcher)
    try:
        with _open(path) as stream:
            yield from reader.read(stream, columns)
    except FileNotFoundError:
        reader.problem(None, "is missing")
    except EOFError:
        reader.problem(
            reader.next_line, "the gzip file ends early; copy it again to get the rows from here on"
        )
    except (gzip.BadGzipFile, zlib.error) as error:
        reader.problem(reader.next_line, f"is not a gzip file, or a damaged one ({error}); copy it again")
    except OSError as error:
        reader.problem(None, f"cannot be read: {error.strerror}")


class _Records:
    """One file on its way into records."""

    def __init__(self, path: Path, watcher: Watcher) -> None:
        self._file = path.name
        self._watcher = watcher
        self._lines = _Lines(iter(()))

    @property
    def next_line(self) -> int:
        return self._lines.line + len(self._lines.held)

    def problem(
        self, line: int | None, message: str, *, column: str | None = None, value: str | None = None
    ) -> None:
        self._watcher.found(Problem(self._file, line, column, value, message))

    def read(self, stream: TextIO, columns: Sequence[str]) -> Iterator[tuple[int, tuple[str, ...]]]:
        self._lines = _Lines(iter(stream))
        rows = self._rows()
        line, header = next(rows, (1, []))
        header = [name.strip() for name in header]
        if not self._header_holds(columns, line, header):
            return
        pick = itemgetter(*map(header.index, columns))
        reported = 0
        for line, cells in rows:
            if line - reported >= LINES_A_REPORT:
                self._watcher.advanced(line - reported)
                reported = line
            if self._lines.undecoded:
                self._report_undecoded(line, header, cells)
            elif len(cells) != len(header):
                first = self._lines.held[0].rstrip("\r\n")
                message = f"holds {len(cells)} values where the header names {len(header)}"
                self.problem(line, message, value=first)
            else:
                yield line, pick(cells)
        self._watcher.advanced(self.next_line - 1 - reported)

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield every record that is well quoted and not blank; report the others."""
        lines = self._lines
        reader = csv.reader(iter(lines), skipinitialspace=True)
        while True:
            try:
                cells = next(reader, None)
            except csv.Error as error:
                complaint = f"cannot be read ({error}); is a quotation mark not closed?"
            else:
                if cells is None:
                    return
                complaint = self._misquoted()
            if complaint:
                self.problem(lines.line, complaint, value=lines.held[0].rstrip("\r\n"))
                lines.give_up_first()
                reader = csv.reader(iter(lines), skipinitialspace=True)
                continue
            if len(cells) > 1 or (cells and cells[0].strip()):
                yield lines.line, cells
            lines.release()

    def _misquoted(self) -> str:
        record = self._lines.held[0] if len(self._lines.held) == 1 else "".join(self._lines.held)
        if '"' not in record or _WELL_QUOTED.fullmatch(record):
            return ""
        return (
            "a quotation mark is not closed, or stands inside a quoted value; "
            'write "…" around the whole value and "" for a mark inside it'
        )

    def _header_holds(self, columns: Sequence[str], line: int, header: list[str]) -> bool:
        if not header:
            self.problem(1, f"is empty; the first line must be {','.join(columns)}")
            return False
        found = ",".join(header)
        for column in columns:
            if header.count(column) != 1:
                fault = "stands twice in" if column in header else "is missing from"
                self.problem(line, f"{fault} the header", column=column, value=found)
        return all(header.count(column) == 1 for column in columns)

    def _report_undecoded(self, line: int, header: list[str], cells: list[str]) -> None:
        names = header if len(header) == len(cells) else [None] * len(cells)
        for column, value in zip(names, cells, strict=True):
            if _UNDECODED.search(value):
                self.problem(line, "is not UTF-8; save the file as UTF-8", column=column, value=value)


def _open(path: Path) -> io.TextIOWrapper:
    raw = gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # noqa: SIM115
    return io.TextIOWrapper(raw, encoding="utf-8-sig", errors="surrogateescape", newline="")
