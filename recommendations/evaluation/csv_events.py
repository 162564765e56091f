"""Fast reader of a shop's events, many thousand lines at once, for plain files.

A plain file is UTF-8 with commas between columns and no quotation marks and no `event_id`, every line is
complete, and every value is known and without surrounding blanks. Most exports are plain. The importer's own
reader reads all other files.
"""

import csv
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from catalog.cells import EARLIEST_YEAR, LATEST_YEAR, moment
from catalog.columns import EVENT_ID, EVENTS
from catalog.importing.lines import UNDECODED, LimitExceeded
from catalog.importing.report import ImportObserver
from catalog.importing.text_files import UTF_8, TextFile

_CHARACTERS_A_BLOCK = 1 << 22
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SECOND = 1_000_000


class NotPlain(Exception):
    """The file is not plain."""


@dataclass(frozen=True, slots=True)
class EventBlock:
    """A block of events, in the order of the file.

    users, products: shape (n_events,), numbers from the given mappings
    at:              shape (n_events,), microseconds since 1970 in UTC
    actions:         shape (n_events,), codes from the given mapping
    """

    users: NDArray[np.int32]
    products: NDArray[np.int32]
    at: NDArray[np.int64]
    actions: NDArray[np.uint8]


def plain_events(
    file: TextFile,
    observer: ImportObserver,
    *,
    users: Mapping[str, int],
    products: Mapping[str, int],
    actions: Mapping[str, int],
    latest: datetime,
) -> Iterator[EventBlock]:
    """Yield the events of a plain file in blocks, holding one block in memory.

    users, products: numbers by external id; actions: codes by name
    latest:          the latest time that an event may have
    Raises NotPlain, perhaps after some blocks, when the importer's own reader has to read the file.
    """
    if file.encoding != UTF_8:
        raise NotPlain
    try:
        with file.open() as stream:
            names = stream.readline().rstrip("\r\n").split(",")
            header = [name.strip() for name in names]
            if (
                '"' in "".join(names)
                or EVENT_ID in header
                or any(header.count(column) != 1 for column in EVENTS)
            ):
                raise NotPlain
            places = [header.index(column) for column in EVENTS]
            for text in _blocks(stream):
                user_ids, product_ids, action_names, times = _values(text, len(header), places)
                at = microseconds(times)
                if at.size and at.max() > microseconds_of(latest):
                    raise NotPlain
                yield EventBlock(
                    np.fromiter(map(users.__getitem__, user_ids), np.int32, len(user_ids)),
                    np.fromiter(map(products.__getitem__, product_ids), np.int32, len(user_ids)),
                    at,
                    np.fromiter(map(actions.__getitem__, action_names), np.uint8, len(user_ids)),
                )
                observer.advanced(len(user_ids))
    except (KeyError, OSError, EOFError, zlib.error, LimitExceeded) as error:
        raise NotPlain from error


def _blocks(stream: TextIO) -> Iterator[str]:
    """Yield the text in blocks of whole lines, each without its last line end."""
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
    # Each line end becomes a value of its own. If every (n + 1)th value and no other is one, all lines are
    # complete.
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
    """Return times, parsed as by `moment`, in microseconds since 1970 in UTC. Raises NotPlain."""
    found = _from_timestamps(texts) if set(map(len, texts)) == {20} else None
    if found is None:
        moments = [at for at in map(moment, texts) if at]
        if len(moments) < len(texts):
            raise NotPlain
        found = np.array(list(map(microseconds_of, moments)), np.int64)
    return found


@lru_cache(maxsize=4096)
def microseconds_of(at: datetime) -> int:
    """Return the time in microseconds since 1970 in UTC."""
    return (at - _EPOCH) // _MICROSECOND


def _from_timestamps(texts: list[str]) -> NDArray[np.int64] | None:
    """Return the times of texts such as 2026-03-01T09:00:00Z; None if any text has another form."""
    try:
        characters = np.frombuffer("".join(texts).encode("ascii"), np.uint8).reshape(-1, 20)
    except UnicodeEncodeError:
        return None
    signs, digits = characters[:, [4, 7, 10, 13, 16, 19]], characters - np.uint8(ord("0"))
    year = digits[:, 0] * np.int64(1000) + digits[:, 1] * np.int64(100) + _two_digits(digits, 2)
    month, day, hour, minute, second = (_two_digits(digits, place) for place in (5, 8, 11, 14, 17))
    month_start = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    first, next_first = (m.astype("datetime64[D]").astype(np.int64) for m in (month_start, month_start + 1))
    numbers = digits[:, [0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18]]
    is_valid = (
        (signs == np.frombuffer(b"--T::Z", np.uint8)).all()
        and (numbers <= 9).all()
        and ((year >= EARLIEST_YEAR) & (year <= LATEST_YEAR) & (month >= 1) & (month <= 12)).all()
        and ((day >= 1) & (day <= next_first - first) & (hour <= 23) & (minute <= 59) & (second <= 59)).all()
    )
    if not is_valid:
        return None
    return (((first + day - 1) * 24 + hour) * 3600 + minute * 60 + second) * _SECOND


def _two_digits(digits: NDArray[np.uint8], place: int) -> NDArray[np.int64]:
    return digits[:, place] * np.int64(10) + digits[:, place + 1]
