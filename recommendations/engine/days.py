"""The day on a clock's own calendar, for many moments at once."""

from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.actions import DAY

# From before the first moment that an event may have until after the last.
_YEARS = range(1969, 2101)


def local_days(at: NDArray[np.int64], zone: str) -> NDArray[np.int64]:
    """Return the number of the local day of each moment, shape as given; 0 is 1 January 1970 there.

    Exact through every change of the clocks. at: seconds since 1970; zone: a name such as Europe/Paris
    Raises ValueError or KeyError for a zone that does not exist.
    """
    begins, offsets = _offsets(zone)
    place = np.clip(np.searchsorted(begins, at, side="right") - 1, 0, len(offsets) - 1)
    return (at + offsets[place]) // DAY


@cache
def _offsets(zone: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return when each offset from UTC begins, and how many seconds it is.

    Looked for once a zone, a quarter of a month at a time, then to the second.
    """
    clock = ZoneInfo(zone)
    start = int(datetime(_YEARS[0], 1, 1, tzinfo=UTC).timestamp())
    end = int(datetime(_YEARS[-1], 1, 1, tzinfo=UTC).timestamp())
    moments = range(start, end, 7 * DAY)
    begins, offsets = [start], [_offset(clock, start)]
    for moment in moments:
        if _offset(clock, moment) != offsets[-1]:
            begins.append(_change(clock, moment - 7 * DAY, moment))
            offsets.append(_offset(clock, moment))
    return np.array(begins, np.int64), np.array(offsets, np.int64)


def _change(clock: ZoneInfo, before: int, after: int) -> int:
    """Return the first second with the offset of `after`, which that of `before` is not."""
    new = _offset(clock, after)
    while after - before > 1:
        middle = (before + after) // 2
        if _offset(clock, middle) == new:
            after = middle
        else:
            before = middle
    return after


def _offset(clock: ZoneInfo, moment: int) -> int:
    shift = datetime.fromtimestamp(moment, clock).utcoffset()
    return 0 if shift is None else int(shift.total_seconds())
