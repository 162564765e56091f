"""Lines of a plain or gzip-compressed file; the lines of a faulty record can be read again."""

import gzip
import io
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

MIB = 1 << 20
MAX_LINE_BYTES = MIB
MAX_BLANK_BYTES = MIB  # of empty lines in a row
_BLANKS = b" \t\n\r\x0b\x0c\0"  # with the zeros of UTF-16
# Exports shrink to a tenth or a twentieth. Deflate shrinks a file made for it to a thousandth.
MAX_EXPANSION = 200
MIN_EXPANDED_BYTES = 64 * MIB
# Characters that stand for undecodable bytes (Python's "surrogateescape").
UNDECODED = re.compile("[\udc80-\udcff]")


class LimitExceeded(Exception):
    """The file has more of something than any export has; the message names the limit."""


class _LimitedReader(io.BufferedIOBase):
    """Bytes of a file. Reading raises LimitExceeded at a long line, many empty lines, or a gzip bomb.

    A limit may be exceeded by the size of one read.
    max_bytes: of the whole file; None for no limit
    has_lines: whether the lines are limited
    """

    def __init__(self, raw: io.BufferedIOBase, max_bytes: int | None, *, has_lines: bool) -> None:
        self._raw = raw
        self._bytes_left = max_bytes
        self._has_lines = has_lines
        self._n_in_line = 0
        self._n_blank = 0

    def readable(self) -> bool:
        return True

    def read1(self, size: int = -1, /) -> bytes:
        return self._checked(self._raw.read1(size))

    def read(self, size: int | None = -1, /) -> bytes:
        return self._checked(self._raw.read(size))

    def close(self) -> None:
        self._raw.close()
        super().close()

    def _checked(self, chunk: bytes) -> bytes:
        if self._has_lines:
            self._check_lines(chunk)
        if self._bytes_left is not None:
            self._bytes_left -= len(chunk)
            if self._bytes_left < 0:
                raise LimitExceeded(
                    f"the gzip file expands to more than {MAX_EXPANSION} times its size, as no export does; "
                    "if it is one, import it uncompressed"
                )
        return chunk

    def _check_lines(self, chunk: bytes) -> None:
        end = chunk.rfind(b"\n")
        if end < 0:
            end = chunk.rfind(b"\r")
        self._n_in_line = len(chunk) - end - 1 if end >= 0 else self._n_in_line + len(chunk)
        if self._n_in_line > MAX_LINE_BYTES:
            raise LimitExceeded(f"the line has more than {MAX_LINE_BYTES:,} bytes, the limit of a line")
        self._n_blank = 0 if chunk.strip(_BLANKS) else self._n_blank + len(chunk)
        if self._n_blank > MAX_BLANK_BYTES:
            raise LimitExceeded(f"more than {MAX_BLANK_BYTES:,} bytes of empty lines in a row; remove them")


def reading_fault(error: EOFError | OSError | zlib.error) -> str:
    """Return what is wrong with a file whose reading has raised the error."""
    if isinstance(error, EOFError):
        return "the gzip file is truncated; copy it again"
    if isinstance(error, (gzip.BadGzipFile, zlib.error)):
        return f"the file is damaged or not in gzip format ({error}); copy it again"
    return f"cannot read the file: {error.strerror}"


def open_bytes(path: Path, *, has_lines: bool = True) -> IO[bytes]:
    """Return the file opened, unpacked if its name ends in .gz. Reading raises LimitExceeded.

    has_lines: whether it is read by lines, which are limited
    """
    raw: io.BufferedIOBase
    if path.suffix == ".gz":
        raw = gzip.open(path, "rb")  # noqa: SIM115
        max_bytes = max(MAX_EXPANSION * path.stat().st_size, MIN_EXPANDED_BYTES)
    else:
        raw, max_bytes = path.open("rb"), None
    return cast("IO[bytes]", _LimitedReader(raw, max_bytes, has_lines=has_lines))


class Lines:
    """Iterator over the lines of a file that holds the lines of the current record.

    line:      the number of the record's first line
    held:      the record's lines so far
    undecoded: whether one of them contains bytes that cannot be decoded
    """

    def __init__(self, stream: Iterator[str]) -> None:
        self._stream = stream
        self._again: list[str] = []
        self.line = 1
        self.held: list[str] = []
        self.undecoded = False
        self._n_continued = 0

    def __iter__(self) -> Iterator[str]:
        """Yield the lines. Raises LimitExceeded when those of one record are too long together."""
        while True:
            line = self._again.pop() if self._again else next(self._stream, None)
            if line is None:
                return
            if self.held:
                self._n_continued += len(line)
                if self._n_continued > MAX_LINE_BYTES:
                    raise LimitExceeded(
                        f"the record has more than {MAX_LINE_BYTES:,} characters, the limit of a record"
                    )
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
        self._n_continued = 0

    def read_again(self) -> None:
        """Read the lines of the record again, as new records."""
        self._again.extend(reversed(self.held))
        self.held.clear()
        self.release()

    def give_up_first(self) -> None:
        """Drop the first line of the record; the other lines are read again as new records."""
        self._again.extend(reversed(self.held[1:]))
        del self.held[1:]
        self.release()
