"""What an import prints: a progress bar for each file, notes, and problems by their cause."""

import csv
import os
import re
from codecs import BOM_UTF8
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO, cast

from django.core.management.base import CommandError, OutputWrapper

from catalog.cells import escape_formula
from catalog.importing.report import Problem, escaped
from core.commands import progress_bar

EXAMPLES = 3  # problems of a cause that are printed
MAX_CAUSES = 100
_MAX_VALUE = 1_000  # characters of a value in the file of problems
# Without a byte order mark some spreadsheets do not read the file as UTF-8.
_HEADER = BOM_UTF8 + b"file,line,column,value,problem\r\n"
_VARYING = re.compile(r"\d[\d,.]*|'[^']*'|\"[^\"]*\"")


class ConsoleReporter:
    """Import observer that prints three problems of each cause, and how many more there are at its end.

    errors: a CSV file for all problems, which only its owner can read
    Raises CommandError if it cannot be written.
    """

    def __init__(self, stderr: OutputWrapper, *, quiet: bool, errors: Path | None = None) -> None:
        self._stderr = stderr
        self._stream = cast("TextIO", stderr._out)
        self._quiet = quiet
        self._bar = progress_bar(self._stream, total=0, description="", unit="lines", quiet=True)
        self._notes: list[str] = []
        self._n_found: Counter[tuple[str, str]] = Counter()
        self._first: dict[tuple[str, str], Problem] = {}
        self._errors = None if errors is None else _ProblemFile(errors)

    def __enter__(self) -> "ConsoleReporter":
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()
        for cause, n in self._n_found.items():
            if n > EXAMPLES and cause in self._first:
                self._stderr.write(_summed_up(self._first[cause], n - EXAMPLES))
        if n_other := sum(n for cause, n in self._n_found.items() if cause not in self._first):
            self._stderr.write(f"… and {n_other:,} more of other causes.")
        if self._errors is not None:
            self._errors.close()

    def reading(self, title: str, n_lines: int) -> None:
        self._bar.close()
        self._bar = progress_bar(
            self._stream, total=n_lines, description=title, unit="lines", quiet=self._quiet
        )

    def advanced(self, n_lines: int) -> None:
        self._bar.update(n_lines)

    def found(self, problem: Problem) -> None:
        if self._errors is not None:
            self._errors.add(problem)
        cause = (problem.file, f"{problem.column} {_VARYING.sub('…', problem.message)}")
        if cause not in self._first:
            if len(self._first) == MAX_CAUSES:
                cause = ("", "")
            else:
                self._first[cause] = problem
        self._n_found[cause] += 1
        if self._n_found[cause] <= EXAMPLES and cause in self._first:
            self._bar.clear()
            self._stderr.write(str(problem))

    def noted(self, file: str, note: str) -> None:
        line = f"{file}: {note}"
        if not self._quiet and line not in self._notes:
            self._notes.append(line)
            self._bar.clear()
            self._stderr.write(line)


def _summed_up(first: Problem, n: int) -> str:
    column = "" if first.column is None else f", column {escaped(first.column)}"
    return f"{first.file}{column}: {n:,} more like the first one ({first.message})"


class _ProblemFile:
    """A CSV file of problems, safe from formula injection. It replaces an older one, and no other file."""

    def __init__(self, path: Path) -> None:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise CommandError(f'Cannot write "{path}": {error.strerror}.') from error
        start = os.read(descriptor, len(_HEADER))
        if start not in (b"", _HEADER):
            os.close(descriptor)
            raise CommandError(f'"{path}" exists and is no list of problems; name another file.')
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        with suppress(OSError):
            os.fchmod(descriptor, 0o600)  # it may have been there before
        self._file = os.fdopen(descriptor, "w", encoding="utf-8", newline="")
        self._file.write(_HEADER.decode())
        self._writer: Any = csv.writer(self._file)

    def add(self, problem: Problem) -> None:
        cells = [problem.file, problem.line, problem.column, problem.value, problem.message]
        texts = ["" if cell is None else escaped(str(cell), _MAX_VALUE) for cell in cells]
        self._writer.writerow([escape_formula(text) for text in texts])

    def close(self) -> None:
        self._file.close()
