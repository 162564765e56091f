"""Trend scores: sums of event weights that decay exponentially with age."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.actions import DAY, EventTable
from recommendations.engine.codes import coded
from recommendations.engine.log import Log


@dataclass(frozen=True, slots=True)
class Trend:
    """Trend scores of the products with events.

    product_ids: shape (n_products,), ascending
    scores:      shape (n_products,), exponentially decayed sums of event weights, 0 or more
    n_events:    shape (n_products,), int32, number of the events that the score sums up
    """

    product_ids: NDArray[np.int64]
    scores: NDArray[np.float64]
    n_events: NDArray[np.int32]


def trend(log: Log, table: EventTable, *, half_life_days: float, now: int) -> Trend:
    """Return the trend score of each product at `now`; dismissals are ignored.

    Unless the table counts repeats, a shopper counts once for each product and action, by the first event.

    The table gives the weight of each action. All events share one half-life, so the passing of time alone
    does not change the order.

    now: seconds since 1970
    """
    liked = log.counted(counts_repeats=table.counts_repeats)
    days = np.maximum(now - liked.at, 0) / DAY
    decayed = table.weights[liked.actions] * np.exp2(-days / half_life_days)
    products = coded(liked.product_ids)
    places, n = products.codes, len(products.values)
    return Trend(
        product_ids=products.values,
        scores=np.bincount(places, decayed, minlength=n).astype(np.float64),
        n_events=np.bincount(places, minlength=n).astype(np.int32),
    )
