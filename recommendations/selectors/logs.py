"""Everything that happened, read into arrays."""

from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from catalog.models import Interaction
from recommendations.engine.log import Log
from recommendations.selectors.rows import columns, integers


def log() -> Log:
    """Return every event of the shop, oldest first. 1 query."""
    events = Interaction.objects.order_by("occurred_at", "id")
    users, products, moments = columns(events.values_list("user_id", "product_id", "occurred_at"), 3)
    return Log(integers(users), integers(products), _seconds(moments))


def _seconds(moments: tuple[datetime, ...]) -> NDArray[np.int64]:
    """Return seconds since 1970. SQLite gives moments in UTC without saying so, other databases say it."""
    if moments and moments[0].tzinfo is not None:
        return np.array([moment.timestamp() for moment in moments]).astype(np.int64)
    return np.array(moments, "datetime64[us]").astype("datetime64[s]").astype(np.int64)
