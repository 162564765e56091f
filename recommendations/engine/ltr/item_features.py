"""Item features from a log, at one point in time: sales, trend, age and buyers of each product."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.actions import DAY, EventTable
from recommendations.engine.codes import coded, distinct
from recommendations.engine.log import Log
from recommendations.engine.neighbours import load_mapped

HALF_LIVES = (1, 2, 3, 7, 14, 30, 90, 365)
NEW_HALF_LIVES = (1, 3, 7, 30, 90)
# Lower bounds of the age spans of events, in days; the last span is unbounded.
SPANS = np.array([0, 1, 2, 3, 5, 7, 10, 14, 21, 30, 45, 60, 90, 120, 180], np.float64)
_MOMENTA = ((1, 7), (3, 14), (7, 30), (14, 90), (30, 365))
NAMES = (
    *(f"sold {days}" for days in HALF_LIVES),
    *(f"won {days}" for days in NEW_HALF_LIVES),
    *(f"momentum {new} {old}" for new, old in _MOMENTA),
    *("age", "idle", "days 7", "days 30", "buyers", "repeat", "audience", "basket"),
)
COLUMN = {name: place for place, name in enumerate(NAMES)}
_SMOOTHING = 1e-3


@dataclass(frozen=True, slots=True)
class ItemFeatures:
    """Features of products. The last row of each array is that of a product without events.

    now:         seconds since 1970
    product_ids: shape (n_known,), ascending
    table:       shape (n_known + 1, len(NAMES)), float32
    rates:       shape (n_known + 1, len(SPANS)), float32, the product's share of the events of each span
                 of ages, in units of an equal share
    week:        shape (n_known + 1,), int64, number of events in the last seven days
    """

    now: int
    product_ids: NDArray[np.int64]
    table: NDArray[np.float32]
    rates: NDArray[np.float32]
    week: NDArray[np.int64]

    def save(self, folder: Path) -> None:
        """Write .npy files. Raises OSError."""
        np.save(folder / "now.npy", np.array(self.now), allow_pickle=False)
        for name in ("product_ids", "table", "rates", "week"):
            np.save(folder / f"{name}.npy", getattr(self, name), allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Return the features saved in the folder, memory-mapped. Raises OSError or ValueError."""
        names = ("product_ids", "table", "rates", "week")
        return cls(
            int(np.load(folder / "now.npy", allow_pickle=False)),
            *(load_mapped(folder / f"{name}.npy") for name in names),
        )


def spans(days: NDArray[np.floating[Any]]) -> NDArray[np.int64]:
    """Return the index of the span of each age, shape as given. days: ages in days, 0 or more"""
    return np.searchsorted(SPANS, days, side="right") - 1


def item_features(log: Log, table: EventTable, *, now: int) -> ItemFeatures:
    """Return the features at `now`; dismissals are ignored. Takes a few passes over the log, none over users.

    "sold" sums the table's event weights, "won" counts new users; all other features count events and days,
    unweighted. Shares are logarithms, in units of an equal share for each product, so they mean the same in a
    busy month and in a quiet one.

    now: seconds since 1970
    """
    liked = log.liked
    products, users = coded(liked.product_ids), coded(liked.user_ids).codes
    ids, rows, n_events = products.values, products.codes, products.counts
    n = len(ids)
    days = np.maximum(now - liked.at, 0) / DAY
    first = np.unique(users.astype(np.int64) * max(n, 1) + rows, return_index=True)[1]
    firsts, breadth = np.bincount(rows[first], minlength=n), np.bincount(users[first])
    found = np.zeros((n + 1, len(NAMES)), np.float32)

    def put(name: str, values: NDArray[Any]) -> None:
        found[:n, COLUMN[name]] = values

    # float32 is precise enough, and halves the memory of tens of millions of events.
    weights = table.units(liked.actions).astype(np.float32)
    for half_life in HALF_LIVES:
        found[:, COLUMN[f"sold {half_life}"]] = _shares(rows, days, n, half_life, weights)
    for half_life in NEW_HALF_LIVES:
        found[:, COLUMN[f"won {half_life}"]] = _shares(rows[first], days[first], n, half_life)
    for new, old in _MOMENTA:
        found[:, COLUMN[f"momentum {new} {old}"]] = (
            found[:, COLUMN[f"sold {new}"]] - found[:, COLUMN[f"sold {old}"]]
        )
    per_event = 1 / np.maximum(n_events, 1)
    oldest, newest = np.zeros(n), np.full(n, np.inf)
    np.maximum.at(oldest, rows, days)
    np.minimum.at(newest, rows, days)
    put("age", oldest)
    put("idle", newest)
    for length in (7, 30):
        recent = days < length
        sold = distinct(rows[recent].astype(np.int64) * 64 + days[recent].astype(np.int64))
        put(f"days {length}", np.bincount(sold // 64, minlength=n))
    put("buyers", np.log1p(firsts))
    put("repeat", n_events / np.maximum(firsts, 1))
    put("audience", np.bincount(rows, np.log1p(breadth)[users], minlength=n) * per_event)
    put("basket", np.bincount(rows, _basket_sizes(users, days), minlength=n) * per_event)
    by_age = rows.astype(np.int64) * len(SPANS) + spans(days)
    counts = np.bincount(by_age, minlength=n * len(SPANS)).reshape(n, len(SPANS))
    rates = np.zeros((n + 1, len(SPANS)), np.float32)
    rates[:n] = counts / np.maximum(counts.sum(axis=0), 1) * n
    week = np.bincount(rows[days < 7], minlength=n + 1)
    return ItemFeatures(now, ids, found, rates, week)


def _shares(
    rows: NDArray[np.int32],
    days: NDArray[np.float64],
    n: int,
    half_life: float,
    weights: NDArray[np.float32] | None = None,
) -> NDArray[np.float64]:
    """Return the logarithm of each product's share of the decayed events, shape (n + 1,).

    The last entry is that of a product without events.

    weights: shape (n_events,); None for equal weights
    """
    decayed = np.exp2(-days / half_life)
    if weights is not None:
        decayed *= weights
    totals = np.append(np.bincount(rows, decayed, minlength=n), 0)
    return np.log(totals / max(float(totals.sum()), 1e-300) * n + _SMOOTHING)


def _basket_sizes(users: NDArray[np.int32], days: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return, for each event, the logarithm of the number of events of its user in the same 24 hours."""
    longest = int(days.max(initial=0)) + 1
    _, baskets, sizes = np.unique(
        users.astype(np.int64) * longest + days.astype(np.int64), return_inverse=True, return_counts=True
    )
    return np.log(sizes)[baskets]
