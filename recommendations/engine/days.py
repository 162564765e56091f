"""Local calendar days of many moments at once."""

from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.actions import DAY

# Covers every time that an event may have, with a margin.
_YEARS = range(1969, 2101)


def local_days(at: NDArray[np.int64], zone: str) -> NDArray[np.int64]:
    """Return the local day of each moment as a number, shape as given; day 0 is 1 January 1970.

    Exact across changes of the UTC offset. Raises ValueError or KeyError for an unknown time zone.

    at: seconds since 1970; zone: a name such as Europe/Paris
    """
    begins, offsets = _offsets(zone)
    place = np.clip(np.searchsorted(begins, at, side="right") - 1, 0, len(offsets) - 1)
    return (at + offsets[place]) // DAY


@cache
def _offsets(zone: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the start of each UTC offset of the zone, and the offset in seconds.

    Computed once for each zone: steps of a week find each change, bisection finds its second.
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
    """Return the first second with the offset of `after`, by bisection. `before` has another offset."""
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
