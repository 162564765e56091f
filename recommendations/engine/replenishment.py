"""Replenishment: how due each user's next purchase of a product is, by the rhythm of earlier ones."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.actions import Action
from recommendations.engine.days import local_days
from recommendations.engine.histories import Histories


@dataclass(frozen=True, slots=True)
class Habits:
    """The products that users bought on two or more days, by user and then by position.

    All arrays have the shape (n_habits,).

    rows:      the user's row
    positions: the product's position
    days:      number of days with a purchase
    due:       days since the last purchase ÷ the median number of days between purchases
    """

    rows: NDArray[np.int64]
    positions: NDArray[np.int64]
    days: NDArray[np.int64]
    due: NDArray[np.float64]


def habits(histories: Histories, *, now: int, zone: str, n_products: int) -> Habits:
    """Return every habit, in local days. A product bought on a day later than `now` is due by 0.

    now: seconds since 1970; zone: time zone of the days, such as Europe/Paris;
    n_products: positions from here on are ignored
    """
    bought = (histories.actions == Action.PURCHASE) & (histories.events.flat < n_products)
    rows, positions = histories.events.rows()[bought], histories.events.flat[bought]
    days = local_days(histories.at[bought], zone)
    today = int(local_days(np.array([now]), zone)[0])
    # Distinct triples of user, product and day; the days of each pair are adjacent.
    once = np.unique(np.stack([rows, positions, days]), axis=1)
    is_same = (np.diff(once[:2], axis=1) == 0).all(axis=0)
    pairs = np.concatenate([np.zeros(1, np.int64), np.cumsum(~is_same)])[: once.shape[1]]
    counts = np.bincount(pairs)
    last = np.cumsum(counts) - 1
    gaps, of = np.diff(once[2])[is_same], pairs[1:][is_same]
    again = counts >= 2
    typical = _medians(gaps, of, counts - 1)[again]
    since = np.maximum(today - once[2, last], 0)
    return Habits(
        rows=once[0, last][again],
        positions=once[1, last][again],
        days=counts[again],
        due=since[again] / typical,
    )


def _medians(
    values: NDArray[np.int64], groups: NDArray[np.int64], sizes: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return each group's median, shape (n_groups,), 0 for a group without values. groups: ascending"""
    ordered = values[np.lexsort((values, groups))]
    starts = np.cumsum(sizes) - sizes
    found = np.zeros(len(sizes))
    full = sizes > 0
    low, high = starts + (sizes - 1) // 2, starts + sizes // 2
    found[full] = (ordered[low[full]] + ordered[high[full]]) / 2
    return found
