"""User features from histories: activity, prices, age and popularity of products, and timing."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.actions import DAY, EventTable
from recommendations.engine.histories import Histories
from recommendations.engine.ltr.item_features import COLUMN, SPANS, ItemFeatures, spans

NAMES: tuple[str, ...] = (
    *("events", "products", "recency", "days", "tenure", "per day", "price", "price spread"),
    *("age taste", "sold taste", "momentum taste"),
)
USER_COLUMN = {name: place for place, name in enumerate(NAMES)}


@dataclass(frozen=True, slots=True)
class UserFeatures:
    """Features of users, one row a user.

    table: shape (n_users, len(NAMES)), float32
    days:  shape (n_users, len(SPANS)), float32, number of days with an event in each span of ages
    """

    table: NDArray[np.float32]
    days: NDArray[np.float32]


def log_price(price: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the logarithm of prices, shape as given; NaN for an unknown price."""
    return np.log(np.maximum(price, 0) + 0.01)


def user_features(
    histories: Histories,
    items: ItemFeatures,
    table: EventTable,
    rows: NDArray[np.int32],
    price: NDArray[np.float64],
) -> UserFeatures:
    """Return the features of each user at the time of the item features; dismissals are ignored.

    Averages are weighted by the table's event weights; counts and ages are not.

    rows:  shape (n_products,), the row of each position in the item features, -1 (the last one) for none
    price: shape (n_products,), NaN if unknown
    """
    liked = histories.liked
    known = liked.events.flat < len(rows)
    users, positions, at = liked.events.rows()[known], liked.events.flat[known], liked.at[known]
    n_users, n = len(histories), len(rows)
    ago = np.maximum(items.now - at, 0) / DAY
    product = items.table[rows[positions]]
    n_events = np.bincount(users, minlength=n_users)
    weights = table.units(liked.actions[known])

    def mean(values: NDArray[Any], of: NDArray[np.bool_] | slice = slice(None)) -> NDArray[np.float64]:
        """Return the weighted average over each user's events, 0 where all weights are 0."""
        total = np.bincount(users[of], weights[of], minlength=n_users)
        summed = np.bincount(users[of], values[of] * weights[of], minlength=n_users)
        return np.divide(summed, total, out=np.zeros(n_users), where=total > 0)

    longest = int(ago.max(initial=0)) + 1
    active = np.unique(users * longest + ago.astype(np.int64))
    user, day = np.divmod(active, longest)
    by_span = np.bincount(user * len(SPANS) + spans(day + 0.5), minlength=n_users * len(SPANS))
    newest, oldest = np.full(n_users, np.inf), np.zeros(n_users)
    np.minimum.at(newest, users, ago)
    np.maximum.at(oldest, users, ago)
    prices = log_price(price[positions])
    priced = ~np.isnan(prices)
    usual, square = mean(prices, priced), mean(prices**2, priced)
    distinct = np.bincount(np.unique(users * n + positions) // max(n, 1), minlength=n_users)
    columns = {
        "events": np.log1p(n_events),
        "products": np.log1p(distinct),
        "recency": np.where(n_events > 0, newest, 0),
        "days": np.log1p(np.bincount(user, minlength=n_users)),
        "tenure": oldest,
        "price": usual,
        "price spread": np.sqrt(np.maximum(square - usual**2, 0)),
        "age taste": mean(np.log1p(np.maximum(product[:, COLUMN["age"]] - ago, 0))),
        "sold taste": mean(product[:, COLUMN["sold 365"]]),
        "momentum taste": mean(product[:, COLUMN["sold 7"]] - product[:, COLUMN["sold 90"]]),
    }
    columns["per day"] = columns["events"] - columns["days"]
    found = np.stack([columns[name] for name in NAMES], axis=1).astype(np.float32)
    return UserFeatures(found, by_span.reshape(n_users, len(SPANS)).astype(np.float32))
