"""The shop's clock: the real time in a live shop, otherwise the time of its last plausible event."""

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.actions import DAY

# Number of newest events that are examined.
N_NEWEST_EVENTS = 300
# Fewer than 1 in 10 of them may be outliers, so fewer than 30.
_SHARE = 10
_GAP_SECONDS = 30 * DAY
_LIVE_SECONDS = 7 * DAY
_QUIET_SECONDS = 90 * DAY
# UTC offsets are multiples of 15 minutes, so no local day begins within a step.
_STEP_SECONDS = 15 * 60


def last_plausible(newest: NDArray[np.int64]) -> int:
    """Return the time of the last plausible event, 0 without events.

    A few newest events are outliers when a gap of more than 30 days separates them from the earlier ones:
    a wrong date, or a test event in an old shop. "A few" means fewer than 30, and fewer than a tenth in a
    shop with fewer than 300 events. Such gaps are normal in a quiet shop, so the gap must also be longer
    than the time span of as many events before it as "a few" allows (30 in a large shop).

    newest: shape (n_events,), seconds since 1970, newest first, none later than the real time; only the
        first N_NEWEST_EVENTS events are examined
    """
    if not len(newest):
        return 0
    at = newest[:N_NEWEST_EVENTS]
    few = -(-len(at) // _SHARE)
    n_odd = np.arange(1, few)
    gaps = at[n_odd - 1] - at[n_odd]
    took = at[n_odd] - at[np.minimum(n_odd + few - 1, len(at) - 1)]
    breaks = n_odd[(gaps > _GAP_SECONDS) & (gaps > took)]
    return int(at[breaks.max(initial=0)])


def needs_now(shop: int, real_now: int) -> int:
    """Return the time to which a person's needs have grown, in seconds since 1970.

    It is the real time, also while nobody buys in the shop. After 90 days without an event, the events are
    taken for those of the past, and it is the shop's time.
    """
    return real_now if 0 <= real_now - shop <= _QUIET_SECONDS else shop


def shop_now(newest: NDArray[np.int64], real_now: int) -> int:
    """Return the shop's current time in seconds since 1970, 0 in a shop without events.

    If the last plausible event is at most 7 days old, it is the last second of the current quarter of an
    hour, so the clock of a quiet shop moves four times an hour. Otherwise it is the time of that event.

    newest: as in `last_plausible`; real_now: seconds since 1970
    """
    last = last_plausible(newest)
    if last and real_now - last <= _LIVE_SECONDS:
        return real_now - real_now % _STEP_SECONDS + _STEP_SECONDS - 1
    return last
