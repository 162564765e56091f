"""Lines of a plain or gzip-compressed file; the lines of a faulty record can be read again."""

import gzip
import io
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

# Characters that stand for undecodable bytes (Python's "surrogateescape").
UNDECODED = re.compile("[\udc80-\udcff]")


def open_lines(path: Path) -> io.TextIOWrapper:
    """Return the file opened as text. Skips a byte order mark; invalid UTF-8 becomes UNDECODED characters."""
    raw = gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # noqa: SIM115
    return io.TextIOWrapper(raw, encoding="utf-8-sig", errors="surrogateescape", newline="")


def count_lines(path: Path) -> int:
    """Return the number of lines of a file, as far as it is readable."""
    n_lines = 0
    last = b"\n"
    try:
        with open_lines(path) as stream:
            while chunk := bytes(stream.buffer.read(1 << 20)):
                n_lines += chunk.count(b"\n")
                last = chunk[-1:]
    except (OSError, EOFError, zlib.error):
        pass  # reading the rows fails in the same way, and reports it
    return n_lines + (last != b"\n")


class Lines:
    """Iterator over the lines of a file that holds the lines of the current record.

    line:      the number of the record's first line
    held:      the record's lines so far
    undecoded: whether one of them contains invalid UTF-8
    """

    def __init__(self, stream: Iterator[str]) -> None:
        self._stream = stream
        self._again: list[str] = []
        self.line = 1
        self.held: list[str] = []
        self.undecoded = False

    def __iter__(self) -> Iterator[str]:
        while True:
            line = self._again.pop() if self._again else next(self._stream, None)
            if line is None:
                return
            self.held.append(line)
            if not line.isascii() and UNDECODED.search(line):
                self.undecoded = True
            yield line

    @property
    def next_line(self) -> int:
        return self.line + len(self.held)

    def release(self) -> None:
        """Begin the next record."""
        self.line += len(self.held)
        self.held.clear()
        self.undecoded = False

    def give_up_first(self) -> None:
        """Drop the first line of the record; the other lines are read again as new records."""
        self._again.extend(reversed(self.held[1:]))
        del self.held[1:]
        self.release()
