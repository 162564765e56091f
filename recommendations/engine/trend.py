"""What products have been worth lately: every event counts less the longer ago it was."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.actions import DAY, EventTable
from recommendations.engine.codes import coded
from recommendations.engine.log import Log


@dataclass(frozen=True, slots=True)
class Trend:
    """The products with events, and what these are worth.

    product_ids: shape (n_known,), rising
    worth:       shape (n_known,), exponentially decayed sums of event weights, 0 or more
    recent:      shape (n_known,), int32, how many events fell within one half-life of the moment
    """

    product_ids: NDArray[np.int64]
    worth: NDArray[np.float64]
    recent: NDArray[np.int32]


def trend(log: Log, table: EventTable, *, half_life_days: float, now: int) -> Trend:
    """Return what each product is worth at a moment; dismissals count nowhere.

    The table gives the weight of each deed; all fade by one half-life, so that time alone changes no order.
    """
    liked = log.liked
    days = np.maximum(now - liked.at, 0) / DAY
    worth = table.weights[liked.actions] * np.exp2(-days / half_life_days)
    products = coded(liked.product_ids)
    places, n = products.codes, len(products.values)
    return Trend(
        product_ids=products.values,
        worth=np.bincount(places, worth, minlength=n).astype(np.float64),
        recent=np.bincount(places[days <= half_life_days], minlength=n).astype(np.int32),
    )
