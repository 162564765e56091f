"""What an import tells whoever started it: how far it is, and what is wrong with the files."""

from dataclasses import dataclass
from typing import Protocol

_LONGEST_VALUE = 80


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a file: where it stands, what stands there, and what would be right."""

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
            where.append(f"column {_printable(self.column)}")
        if self.value is not None:
            where.append(f'value "{_printable(self.value)}"')
        return f"{', '.join(where)}: {self.message}"


class ImportObserver(Protocol):
    """Hears what an import does."""

    def reading(self, title: str, n_lines: int) -> None:
        """A file is read from its beginning."""

    def advanced(self, n_lines: int) -> None:
        """So many lines more have been read."""

    def found(self, problem: Problem) -> None:
        """Something is wrong; the import goes on with the next row."""


class Silent:
    """A watcher who says nothing."""

    def reading(self, title: str, n_lines: int) -> None: ...

    def advanced(self, n_lines: int) -> None: ...

    def found(self, problem: Problem) -> None: ...


def counted(n_problems: int) -> str:
    return f"{n_problems:,} problem{'' if n_problems == 1 else 's'}"


def _printable(value: str) -> str:
    """Return the beginning of a value, with what cannot be printed written as an escape."""
    shown = "".join(map(_escaped, value[:_LONGEST_VALUE]))
    return f"{shown}…" if len(value) > _LONGEST_VALUE else shown


def _escaped(character: str) -> str:
    if "\udc80" <= character <= "\udcff":  # a byte that was not UTF-8
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character if character.isprintable() else character.encode("unicode_escape").decode()
