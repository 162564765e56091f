"""The shop's clock. Whatever asks for the shop's "now" or for its last days asks here."""

import time
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from catalog.models import Interaction
from core.db.prepared import columns, integers
from recommendations.engine import clock
from recommendations.selectors.timestamps import Seconds


def shop_now(real_now: float | None = None) -> int:
    """Return the shop's now in seconds since 1970, 0 in a shop without events. 1 query.

    The real time where the shop is live, else the moment of its last plausible event, see
    `recommendations.engine.clock`. Events that are later than the real time never count.

    real_now: seconds since 1970; None for this machine's clock
    """
    real_now = time.time() if real_now is None else real_now
    return clock.shop_now(_newest(real_now), int(real_now))


def last_event_at(real_now: float | None = None) -> int:
    """Return the moment of the last plausible event in seconds since 1970, 0 without any. 1 query.

    Evaluation and training end here, not at the real time: the same history gives the same figures.
    """
    return clock.last_plausible(_newest(time.time() if real_now is None else real_now))


def _newest(real_now: float) -> NDArray[np.int64]:
    """Return the moments that decide, newest first, shape (n,). 1 query, by an index."""
    happened = Interaction.objects.filter(occurred_at__lte=datetime.fromtimestamp(real_now, UTC))
    (moments,) = columns(happened.newest_first().values_list(Seconds("occurred_at"))[: clock.N_LOOKED_AT], 1)
    return integers(moments)
