"""Progress and problems of an import, and the observer that receives them."""

from dataclasses import dataclass
from typing import Protocol

from core.text import MAX_SHOWN


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem in a file: its position, the value found there, and what is wrong or allowed."""

    file: str
    line: int | None
    column: str | None
    value: str | None
    message: str

    def __str__(self) -> str:
        where = [self.file]
        if self.line is not None:
            where.append(f"line {self.line}")
        if self.column is not None:
            where.append(f"column {escaped(self.column)}")
        if self.value is not None:
            where.append(f'value "{escaped(self.value)}"')
        return f"{', '.join(where)}: {self.message}"


class ImportObserver(Protocol):
    """Receives the progress and the problems of an import."""

    def reading(self, title: str, n_lines: int) -> None:
        """Called when a file is opened. n_lines: its number of lines."""

    def advanced(self, n_lines: int) -> None:
        """Called after another n_lines lines have been read."""

    def found(self, problem: Problem) -> None:
        """Called for each problem; the import continues with the next row."""

    def noted(self, file: str, note: str) -> None:
        """Called with what a reader of the report should know of a file, which is no problem."""


class NullObserver:
    """An observer that does nothing."""

    def reading(self, title: str, n_lines: int) -> None: ...

    def advanced(self, n_lines: int) -> None: ...

    def found(self, problem: Problem) -> None: ...

    def noted(self, file: str, note: str) -> None: ...


def format_problem_count(n_problems: int) -> str:
    return f"{n_problems:,} problem{'' if n_problems == 1 else 's'}"


def escaped(value: str, most: int = MAX_SHOWN) -> str:
    """Return the first characters of a value, with unprintable ones escaped."""
    shown = "".join(map(_escaped, value[:most]))
    return f"{shown}…" if len(value) > most else shown


def _escaped(character: str) -> str:
    if "\udc80" <= character <= "\udcff":  # an undecodable byte
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character if character.isprintable() else character.encode("unicode_escape").decode()
