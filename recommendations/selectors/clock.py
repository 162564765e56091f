"""The shop's clock: the only source of the shop's current time and of the end of its history."""

import time
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from catalog.models import Interaction
from core.db.prepared import columns, integers
from recommendations.engine import clock
from recommendations.selectors.timestamps import Seconds


def real_time() -> float:
    """Return the time of this machine's clock, seconds since 1970."""
    return time.time()


def shop_now(real_now: float | None = None) -> int:
    """Return the shop's now in seconds since 1970, 0 in a shop without events. 1 query.

    This is the real time if the shop is live, else the time of its last plausible event; see
    `recommendations.engine.clock`. Events later than the real time are ignored.

    real_now: seconds since 1970; None for this machine's clock
    """
    real_now = time.time() if real_now is None else real_now
    return clock.shop_now(_newest(real_now), int(real_now))


def last_event_at(real_now: float | None = None) -> int:
    """Return the time of the last plausible event in seconds since 1970, 0 without any. 1 query.

    Evaluation and training end here, not at the real time, so that the same history gives the same figures.
    """
    return clock.last_plausible(_newest(time.time() if real_now is None else real_now))


def _newest(real_now: float) -> NDArray[np.int64]:
    """Return the times of the newest events, newest first, shape (n,). 1 query, answered by an index."""
    events = Interaction.objects.filter(occurred_at__lte=datetime.fromtimestamp(real_now, UTC))
    (times,) = columns(events.newest_first().values_list(Seconds("occurred_at"))[: clock.N_NEWEST_EVENTS], 1)
    return integers(times)
