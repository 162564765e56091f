"""Rows of a feed: as the file has them, and in the words of products.csv and interactions.csv."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple, Protocol


class SourceRow(NamedTuple):
    """A row of a feed. cells: by column, as `column_key` writes it; a missing one is empty"""

    line: int
    cells: Mapping[str, str]

    def text(self, column: str) -> str:
        """Return the cell without surrounding blanks; "" if there is none."""
        return self.cells.get(column, "").strip()


class Rows(Protocol):
    """The rows of a feed, which can be read several times."""

    @property
    def columns(self) -> Sequence[str]:
        """The columns of the header, by the names in the format's module; none if it has no header."""

    def __iter__(self) -> Iterator[SourceRow]: ...

    def unreported(self) -> Iterator[SourceRow]:
        """Yield the rows without reporting problems and progress, which the other reading does."""


class Fault(NamedTuple):
    """What is wrong with a cell of the feed."""

    column: str
    value: str
    message: str


@dataclass(slots=True)
class MappedRow:
    """A row with the cells that products.csv or interactions.csv would have.

    cells:  by our column; one that is not there is not in the feed
    origin: the feed's column of each of ours, for reports
    faults: what the format itself found wrong; such a row is not imported
    """

    line: int
    cells: dict[str, str]
    origin: Mapping[str, str]
    faults: list[Fault] = field(default_factory=list)

    def add_fault(self, ours: str, value: str, message: str) -> None:
        """Note what is wrong with the cell of our column."""
        self.faults.append(Fault(self.origin.get(ours, ours), value, message))


class LeftOut(NamedTuple):
    """A row that is no product or purchase. why: in the plural, such as "lines of cancelled orders" """

    line: int
    why: str


@lru_cache(maxsize=1_024)
def column_key(name: str) -> str:
    """Return the name of a column as it is looked up: small letters, and spaces instead of underscores."""
    return " ".join(name.replace("_", " ").casefold().split())


def joined(names: Sequence[str]) -> str:
    """Return the cell of products.csv for some tags; a bar within one becomes a slash."""
    return "|".join(name.replace("|", "/") for name in names)
