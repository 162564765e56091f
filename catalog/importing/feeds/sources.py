"""Readers of a feed's rows: a table, or items in XML. Problems of reading go to the observer."""

import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from lxml.etree import XMLSyntaxError

from catalog.importing.csv_reader import LINES_PER_REPORT, opened_table
from catalog.importing.feeds.rows import SourceRow
from catalog.importing.feeds.xml import DoctypeFound, items
from catalog.importing.lines import LimitExceeded, open_bytes, reading_fault
from catalog.importing.report import ImportObserver, NullObserver, Problem
from catalog.importing.text_files import TextFile

Unreadable = Callable[[int, str | None], object]


def _ignore(line: int, key: str | None) -> None: ...


class _Rows(ABC):
    """The rows of a feed, read anew each time. current: the row that was read last"""

    def __init__(self, observer: ImportObserver, unreadable: Unreadable) -> None:
        self._observer = observer
        self._unreadable = unreadable
        self.current = SourceRow(0, {})

    def __iter__(self) -> Iterator[SourceRow]:
        return self._read(self._observer, self._unreadable)

    def unreported(self) -> Iterator[SourceRow]:
        return self._read(NullObserver(), _ignore)

    @abstractmethod
    def _read(self, observer: ImportObserver, unreadable: Unreadable) -> Iterator[SourceRow]: ...


class TableRows(_Rows):
    """The rows of a table. keys: the names of the columns in the format's module, in the order of the file"""

    def __init__(
        self,
        file: TextFile,
        observer: ImportObserver,
        keys: Sequence[str],
        separator: str,
        unreadable: Unreadable = _ignore,
    ) -> None:
        super().__init__(observer, unreadable)
        self._file = file
        self._separator = separator
        self.columns = tuple(dict.fromkeys(keys))
        # Of columns with one name the first counts.
        self._places = [(name, keys.index(name)) for name in self.columns]

    def _read(self, observer: ImportObserver, unreadable: Unreadable) -> Iterator[SourceRow]:
        with opened_table(self._file, observer, separator=self._separator) as table:
            if table is None:
                unreadable(0, None)
                return
            table.unreadable = lambda line, _: unreadable(line, None)  # the id may be of several columns
            for line, cells in table.rows():
                self.current = SourceRow(line, {name: cells[place] for name, place in self._places})
                yield self.current


class XmlRows(_Rows):
    """The items of a feed in XML. Their elements differ, so there is no header."""

    columns: tuple[str, ...] = ()

    def __init__(self, path: Path, observer: ImportObserver, unreadable: Unreadable = _ignore) -> None:
        super().__init__(observer, unreadable)
        self._path = path

    def _read(self, observer: ImportObserver, unreadable: Unreadable) -> Iterator[SourceRow]:
        line: int | None = None
        message = ""
        n_reported = 0
        try:
            with open_bytes(self._path, has_lines=False) as stream:
                for row in items(stream):
                    line = row.line
                    if line - n_reported > LINES_PER_REPORT:
                        observer.advanced(line - n_reported)
                        n_reported = line
                    self.current = row
                    yield row
                if line is None:
                    message = "has no <item> and no <entry>; it is no product feed"
        except XMLSyntaxError as error:
            line, message = error.lineno, f"is not well-formed XML: {error.msg}; the rest is not read"
        except DoctypeFound as error:
            line, message = None, str(error)
        except LimitExceeded as error:
            message = f"{error}; the rest is not read"
        except (EOFError, OSError, zlib.error) as error:
            message = reading_fault(error)
        if message:
            unreadable(0, None)
            observer.found(Problem(self._path.name, line, None, None, message))
