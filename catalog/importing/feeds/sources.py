"""Readers of a feed's rows: a table, or items in XML. Problems of reading go to the observer."""

import gzip
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from lxml.etree import XMLSyntaxError

from catalog.importing.csv_reader import LINES_PER_REPORT, opened_table
from catalog.importing.feeds.rows import SourceRow, column_key
from catalog.importing.feeds.xml import DoctypeFound, items
from catalog.importing.lines import LimitExceeded, open_bytes
from catalog.importing.report import ImportObserver, NullObserver, Problem
from catalog.importing.text_files import TextFile


class TableRows:
    """The rows of a table.

    columns: as `column_key` writes them, with the names that the format uses
    names:   those of the file, by `columns`
    """

    def __init__(
        self,
        file: TextFile,
        observer: ImportObserver,
        header: Sequence[str],
        *,
        separator: str,
        renamed: Mapping[str, str],
    ) -> None:
        self._file = file
        self._observer = observer
        self._separator = separator
        self.names: dict[str, str] = {}
        # Of columns with one name the first counts.
        self._keys = [self._key(name, renamed) for name in header]
        self.columns = tuple(self.names)

    def _key(self, name: str, renamed: Mapping[str, str]) -> str | None:
        key = column_key(name)
        key = renamed.get(key, key)
        if key in self.names:
            return None
        self.names[key] = name
        return key

    def __iter__(self) -> Iterator[SourceRow]:
        return self._read(self._observer)

    def unreported(self) -> Iterator[SourceRow]:
        return self._read(NullObserver())

    def _read(self, observer: ImportObserver) -> Iterator[SourceRow]:
        with opened_table(self._file, observer, separator=self._separator) as table:
            if table is None:
                return
            for line, cells in table.rows():
                pairs = zip(self._keys, cells, strict=True)
                yield SourceRow(line, {key: cell for key, cell in pairs if key is not None})


class XmlRows:
    """The items of a feed in XML. Their elements differ, so there is no header."""

    columns: tuple[str, ...] = ()

    def __init__(self, path: Path, observer: ImportObserver) -> None:
        self._path = path
        self._observer = observer
        self._line: int | None = None

    def __iter__(self) -> Iterator[SourceRow]:
        return self._read(self._observer)

    def unreported(self) -> Iterator[SourceRow]:
        return self._read(NullObserver())

    def _read(self, observer: ImportObserver) -> Iterator[SourceRow]:
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
                    yield row
                if line is None:
                    message = "has no <item> and no <entry>; it is no product feed"
        except XMLSyntaxError as error:
            line, message = error.lineno, f"is not well-formed XML: {error.msg}; the rest is not read"
        except DoctypeFound as error:
            line, message = None, str(error)
        except LimitExceeded as error:
            message = f"{error}; the rest is not read"
        except EOFError:
            message = "the gzip file is truncated; copy it again"
        except (gzip.BadGzipFile, zlib.error) as error:
            message = f"the file is damaged or not in gzip format ({error}); copy it again"
        except OSError as error:
            message = f"cannot read the file: {error.strerror}"
        if message:
            observer.found(Problem(self._path.name, line, None, None, message))
