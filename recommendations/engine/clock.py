"""The shop's clock: the real time where the shop is live, else the end of its history."""

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.actions import DAY

# How many of the newest events decide.
N_LOOKED_AT = 300
# One in so many of these may be odd, 30 at most.
_SHARE = 10
_GAP_SECONDS = 30 * DAY
_LIVE_SECONDS = 7 * DAY
# Offsets of time zones are whole quarters of an hour, so no day begins within one.
_STEP_SECONDS = 15 * 60


def last_plausible(newest: NDArray[np.int64]) -> int:
    """Return the moment of the last plausible event, 0 when there is none.

    A few events at the end are odd when a gap of more than 30 days parts them from those before: a wrong
    date, or one event tried out in an old shop. Few are fewer than 30, and fewer than a tenth in a shop of
    fewer than 300 events. In a quiet shop such gaps are usual: the gap must also be longer than the time
    that as many events took before it.

    newest: shape (n_events,), seconds since 1970, newest first, none later than the real time; the first
        N_LOOKED_AT of a shop's events are enough, and more are not looked at
    """
    if not len(newest):
        return 0
    at = newest[:N_LOOKED_AT]
    few = -(-len(at) // _SHARE)
    n_odd = np.arange(1, few)
    gaps = at[n_odd - 1] - at[n_odd]
    took = at[n_odd] - at[np.minimum(n_odd + few - 1, len(at) - 1)]
    breaks = n_odd[(gaps > _GAP_SECONDS) & (gaps > took)]
    return int(at[breaks.max(initial=0)])


def shop_now(newest: NDArray[np.int64], real_now: int) -> int:
    """Return the shop's now in seconds since 1970, 0 in a shop without events.

    It is the real time where the last plausible event is at most 7 days old: the last second of the quarter
    of an hour that has begun, so that a quiet shop's clock moves four times an hour. In an older shop it is
    the moment of that event.

    newest: as in `last_plausible`; real_now: seconds since 1970
    """
    last = last_plausible(newest)
    if last and real_now - last <= _LIVE_SECONDS:
        return real_now - real_now % _STEP_SECONDS + _STEP_SECONDS - 1
    return last
