"""Reads a shop's events many thousand lines at once, as long as the file is plain.

Plain is what most exports are: no quotation mark, every line complete, every value known and without blanks
around it. Whatever else may stand in a file, the importer's own reader decides on.
"""

import csv
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from catalog.importing.columns import EARLIEST_YEAR, LATEST_YEAR, moment
from catalog.importing.lines import UNDECODED, open_lines
from catalog.importing.report import ImportObserver

COLUMNS = ("user_id", "product_id", "action_type", "created_at")
_CHARACTERS_A_BLOCK = 1 << 22
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SECOND = 1_000_000


class NotPlain(Exception):
    """The file holds something that takes a closer look."""


@dataclass(frozen=True, slots=True)
class EventBlock:
    """Some events, in the order of the file.

    users, products: shape (n_events,), numbers as given for the external ids
    at:              shape (n_events,), microseconds since 1970 in UTC
    actions:         shape (n_events,), codes as given for the names
    """

    users: NDArray[np.int32]
    products: NDArray[np.int32]
    at: NDArray[np.int64]
    actions: NDArray[np.uint8]


def plain_events(
    path: Path,
    watcher: ImportObserver,
    *,
    users: Mapping[str, int],
    products: Mapping[str, int],
    actions: Mapping[str, int],
) -> Iterator[EventBlock]:
    """Yield the events of a plain file, a block of lines at a time; memory holds one block.

    Raises NotPlain, perhaps after some blocks, when the importer's own reader is to read the file.
    """
    try:
        with open_lines(path) as stream:
            names = stream.readline().rstrip("\r\n").split(",")
            header = [name.strip() for name in names]
            if '"' in "".join(names) or any(header.count(column) != 1 for column in COLUMNS):
                raise NotPlain
            places = [header.index(column) for column in COLUMNS]
            for text in _blocks(stream):
                who, what, did, when = _values(text, len(header), places)
                yield EventBlock(
                    np.fromiter(map(users.__getitem__, who), np.int32, len(who)),
                    np.fromiter(map(products.__getitem__, what), np.int32, len(who)),
                    microseconds(when),
                    np.fromiter(map(actions.__getitem__, did), np.uint8, len(who)),
                )
                watcher.advanced(len(who))
    except (KeyError, OSError, EOFError, zlib.error) as error:
        raise NotPlain from error


def _blocks(stream: TextIO) -> Iterator[str]:
    """Yield the text in blocks of whole lines, the last line's end left out."""
    rest = ""
    while text := stream.read(_CHARACTERS_A_BLOCK):
        whole, end, rest = (rest + text).rpartition("\n")
        if end:
            yield whole
    if rest:
        yield rest


def _values(text: str, n_columns: int, places: Sequence[int]) -> list[list[str]]:
    """Return the values of the columns at these places, each of shape (n_lines,). Raises NotPlain."""
    if "\r" in text:
        text = text.removesuffix("\r").replace("\r\n", "\n")
    if '"' in text or "\r" in text or (not text.isascii() and UNDECODED.search(text)):
        raise NotPlain
    # A line end stands as a value of its own: where each (n + 1)th is one, and no other, every line is whole.
    values = text.replace("\n", ",\n,").split(",")
    ends = values[n_columns :: n_columns + 1]
    if (
        set(ends) - {"\n"}
        or len(values) != len(ends) * (n_columns + 1) + n_columns
        or len(ends) != text.count("\n")
        or max(map(len, values)) > csv.field_size_limit()
    ):
        raise NotPlain
    return [values[place :: n_columns + 1] for place in places]


def microseconds(texts: list[str]) -> NDArray[np.int64]:
    """Return moments as microseconds since 1970 in UTC, as `moment` reads them. Raises NotPlain."""
    found = _of_stamps(texts) if set(map(len, texts)) == {20} else None
    if found is None:
        moments = [at for at in map(moment, texts) if at]
        if len(moments) < len(texts):
            raise NotPlain
        found = np.array(list(map(microseconds_of, moments)), np.int64)
    return found


@lru_cache(maxsize=4096)
def microseconds_of(at: datetime) -> int:
    """Return the moment as microseconds since 1970 in UTC."""
    return (at - _EPOCH) // _MICROSECOND


def _of_stamps(texts: list[str]) -> NDArray[np.int64] | None:
    """Return the moments of texts such as 2026-03-01T09:00:00Z; None when one of them is another text."""
    try:
        characters = np.frombuffer("".join(texts).encode("ascii"), np.uint8).reshape(-1, 20)
    except UnicodeEncodeError:
        return None
    signs, digits = characters[:, [4, 7, 10, 13, 16, 19]], characters - np.uint8(ord("0"))
    year = digits[:, 0] * np.int64(1000) + digits[:, 1] * np.int64(100) + _two(digits, 2)
    month, day, hour, minute, second = (_two(digits, place) for place in (5, 8, 11, 14, 17))
    begins = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    first, after = (m.astype("datetime64[D]").astype(np.int64) for m in (begins, begins + 1))
    numbers = digits[:, [0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18]]
    good = (
        (signs == np.frombuffer(b"--T::Z", np.uint8)).all()
        and (numbers <= 9).all()
        and ((year >= EARLIEST_YEAR) & (year <= LATEST_YEAR) & (month >= 1) & (month <= 12)).all()
        and ((day >= 1) & (day <= after - first) & (hour <= 23) & (minute <= 59) & (second <= 59)).all()
    )
    if not good:
        return None
    return (((first + day - 1) * 24 + hour) * 3600 + minute * 60 + second) * _SECOND


def _two(digits: NDArray[np.uint8], place: int) -> NDArray[np.int64]:
    return digits[:, place] * np.int64(10) + digits[:, place + 1]
