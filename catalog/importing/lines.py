"""Opens a shop's file, plain or gzip, and hands out its lines, some of them twice when asked."""

import gzip
import io
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

# A byte that is not UTF-8 is read as one of these (Python's "surrogateescape").
UNDECODED = re.compile("[\udc80-\udcff]")


def open_lines(path: Path) -> io.TextIOWrapper:
    """Return the text of a file; a byte order mark is skipped, what is not UTF-8 stays recognisable."""
    raw = gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # noqa: SIM115
    return io.TextIOWrapper(raw, encoding="utf-8-sig", errors="surrogateescape", newline="")


def count_lines(path: Path) -> int:
    """Return how many lines a file has, as far as it can be read."""
    n_lines = 0
    last = b"\n"
    try:
        with open_lines(path) as stream:
            while chunk := bytes(stream.buffer.read(1 << 20)):
                n_lines += chunk.count(b"\n")
                last = chunk[-1:]
    except (OSError, EOFError, zlib.error):
        pass  # whoever reads the rows meets it again and reports it
    return n_lines + (last != b"\n")


class Lines:
    """The lines of a file; those of the record being read are held, so that they can be read again.

    line:      where the record begins
    held:      its lines so far
    undecoded: whether one of them holds a byte that is not UTF-8
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
        """Go on to the next record."""
        self.line += len(self.held)
        self.held.clear()
        self.undecoded = False

    def give_up_first(self) -> None:
        """Leave out the first line of the record; the others come again, as records of their own."""
        self._again.extend(reversed(self.held[1:]))
        del self.held[1:]
        self.release()
