"""Text files as shops' programs write them: their encoding is found by reading them once."""

import codecs
import io
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from catalog.importing.lines import LimitExceeded, open_bytes

UTF_8, CP1252 = "UTF-8", "cp1252"
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, UTF_8),
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
# Without a mark, the first two letters of a header tell.
_UNMARKED = ((re.compile(rb"[!-~]\0[!-~]\0"), "UTF-16-LE"), (re.compile(rb"\0[!-~]\0[!-~]"), "UTF-16-BE"))
_LEADS = bytes(range(0xC2, 0xF5))  # the first bytes of characters of several bytes in UTF-8
_CONTINUED = bytes(range(0x80, 0xC0))
_HIGH = bytes(range(0x80, 0x100))
# Bytes without a meaning in cp1252, and control characters.
_NOT_CP1252 = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x81\x8d\x8f\x90\x9d]")
# What text of other encodings looks like in cp1252: signs such as ³, ¿ or „ within words (Polish, DOS), and
# words of accented letters alone (Cyrillic, Greek, Hebrew, Chinese).
_LETTER = rb"[A-Za-z\x8a\x8c\x8e\x9a\x9c\x9e\x9f\xc0-\xff]"
_SIGN = rb"[\x80\x82-\x84\x86-\x89\x8b\x93-\x95\x98\x9b\xa1-\xa9\xab\xac\xaf-\xb4\xb6\xb8\xb9\xbb-\xbf]"
_SIGNS_IN_WORDS = re.compile(rb"(?<=%s)%s+(?=%s)" % (_LETTER, _SIGN, _LETTER))
_FOREIGN_WORD = re.compile(rb"[\xc0-\xff]{4,}")
_CHUNK = 1 << 20


def _undecoded(error: UnicodeError) -> tuple[str, int]:
    """Return the character that stands for bytes that are not valid UTF-16, and where the next one begins."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "\udcff", error.end


codecs.register_error("undecoded", _undecoded)


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file with its encoding. n_lines: its number of lines, as far as it is readable"""

    path: Path
    encoding: str
    n_lines: int

    @property
    def name(self) -> str:
        return self.path.name

    def open(self) -> TextIO:
        """Return the file opened as text, without a byte order mark.

        UNDECODED characters stand for bytes that cannot be decoded. Reading raises LimitExceeded.
        """
        codec = "utf-8-sig" if self.encoding == UTF_8 else self.encoding
        errors = "undecoded" if self.encoding.startswith(("UTF-16", "UTF-32")) else "surrogateescape"
        return io.TextIOWrapper(open_bytes(self.path), encoding=codec, errors=errors, newline="")


def survey(path: Path) -> TextFile:
    """Return the file with its encoding, after reading it to its end.

    UTF-8, UTF-16 and UTF-32 are known by their byte order mark, UTF-16 also by its zeros. A file without one
    that is not valid UTF-8 is taken for cp1252 if it has hardly any valid characters of several bytes, and if
    it is likely text in cp1252. Otherwise it counts as UTF-8, of which some lines are damaged.
    A file that cannot be read has no lines: reading its rows fails in the same way, and reports it.
    """
    found = _Survey()
    try:
        with open_bytes(path) as stream:
            while chunk := stream.read(_CHUNK):
                found.add(chunk)
    except (OSError, EOFError, zlib.error, LimitExceeded):
        pass
    return TextFile(path, found.encoding(), found.n_lines)


class _Survey:
    """Counts of the bytes of a file."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._marked: str | None = None
        self._last = b""
        self._n_ends = 0
        self._n_valid = 0  # characters of several bytes
        self._n_invalid = 0  # bytes
        self._n_high = 0
        self._n_signs = 0
        self._foreign_words: list[int] = []
        self._may_be_cp1252 = True

    @property
    def n_lines(self) -> int:
        return self._n_ends + (self._last not in (b"", b"\n"))

    def add(self, chunk: bytes) -> None:
        if not self._last:
            self._marked = _marked_encoding(chunk)
        self._n_ends += chunk.count(b"\n")
        self._last = chunk[-1:]
        if self._marked is None and not (chunk.isascii() and not self._decoder.getstate()[0]):
            self._decode(chunk)

    def _decode(self, chunk: bytes, *, final: bool = False) -> None:
        text = self._decoder.decode(chunk, final)
        valid = text.encode("utf-8", "ignore")
        n_invalid = len(text) - len(valid.translate(None, _CONTINUED))
        self._n_valid += len(valid) - len(valid.translate(None, _LEADS))
        self._n_invalid += n_invalid
        if n_invalid:
            self._n_high += len(chunk) - len(chunk.translate(None, _HIGH))
            self._n_signs += sum(map(len, _SIGNS_IN_WORDS.findall(chunk)))
            self._foreign_words += map(len, _FOREIGN_WORD.findall(chunk))
            self._may_be_cp1252 &= not _NOT_CP1252.search(chunk)

    def encoding(self) -> str:
        if self._marked is None:
            self._decode(b"", final=True)
        is_likely = (
            self._may_be_cp1252
            and 10 * self._n_valid <= self._n_invalid
            and 10 * self._n_signs <= self._n_high
            and (len(self._foreign_words) < 3 or 2 * sum(self._foreign_words) <= self._n_high)
        )
        return self._marked or (CP1252 if self._n_invalid and is_likely else UTF_8)


def _marked_encoding(start: bytes) -> str | None:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if start.startswith(mark):
            return encoding
    return next((encoding for zeros, encoding in _UNMARKED if zeros.match(start)), None)
