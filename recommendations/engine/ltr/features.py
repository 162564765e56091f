"""The feature table of the ranking model: one row a pair of user and product, one column a feature."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.ltr import item_features as of_products
from recommendations.engine.ltr import user_features as of_users
from recommendations.engine.ltr.affinity import Affinity
from recommendations.engine.ltr.item_features import COLUMN, ItemFeatures
from recommendations.engine.ltr.similarity import Similarity
from recommendations.engine.ltr.user_features import USER_COLUMN, UserFeatures, log_price

_LEARNED = ("score", "share", "rank")
_CHANCES = ("chances sum", "chances log", "since", "since before", "at last visit", "chances")
NAMES: tuple[str, ...] = (
    *(f"long {kind}" for kind in _LEARNED),
    *(f"recent {kind}" for kind in _LEARNED),
    *("tag similarity", "category share", "category lift"),
    *of_products.NAMES,
    *(f"user {name}" for name in of_users.NAMES),
    *("price", "price against usual", "price distance", "age against taste", "sold against taste"),
    *("audience against user", "momentum against taste", "basket against user", "new since"),
    *_CHANCES,
)
COLLABORATIVE, TAG, CATEGORY, TRENDING, POPULAR, OTHER = range(6)
_GROUPS: Mapping[str, int] = {
    "long": COLLABORATIVE,
    "recent": COLLABORATIVE,
    "tag": TAG,
    "category": CATEGORY,
    "momentum": TRENDING,
    "since": TRENDING,
    "at": TRENDING,
    "won": POPULAR,
    "sold": POPULAR,
    "buyers": POPULAR,
    "days": POPULAR,
}
_SHORT = {f"{kind} {days}" for kind in ("sold", "won") for days in (1, 2, 3, 7, 14)} | {"days 7"}
# The kind of reason that each feature belongs to, shape (len(NAMES),).
GROUPS = np.array([TRENDING if name in _SHORT else _GROUPS.get(name.split()[0], OTHER) for name in NAMES])


@dataclass(frozen=True, slots=True)
class UserItemPairs:
    """Pairs of users and products.

    users: shape (n_pairs,), rows of users, non-decreasing
    rows:  shape (n_pairs,), rows of products in the item features
    """

    users: NDArray[np.int64]
    rows: NDArray[np.int32]


def table(
    pairs: UserItemPairs,
    *,
    long: Affinity,
    recent: Affinity,
    similarity: Similarity,
    category_level: NDArray[np.float64],
    item_features: ItemFeatures,
    user_features: UserFeatures,
    price: NDArray[np.float64],
) -> NDArray[np.float32]:
    """Return the features of each pair, shape (n_pairs, len(NAMES)); NaN where a price is unknown.

    category_level: shape (n_pairs,), the share of the product's category in all sales
    price:          shape (n_pairs,), NaN if unknown
    """
    product, user = item_features.table[pairs.rows], user_features.table[pairs.users]
    prices = log_price(price)
    distance = prices - user[:, USER_COLUMN["price"]]
    found = np.empty((len(pairs.users), len(NAMES)), np.float32)
    columns = [getattr(of, kind) for of in (long, recent) for kind in _LEARNED]
    lift = np.log((similarity.category + 1e-3) / (category_level + 1e-3))
    columns += [similarity.tags, similarity.category, lift]
    columns += list(product.T)
    columns += list(user.T)
    columns += [
        prices,
        distance,
        np.abs(distance) / (user[:, USER_COLUMN["price spread"]] + 0.3),
        np.log1p(product[:, COLUMN["age"]]) - user[:, USER_COLUMN["age taste"]],
        product[:, COLUMN["sold 365"]] - user[:, USER_COLUMN["sold taste"]],
        product[:, COLUMN["audience"]] - user[:, USER_COLUMN["products"]],
        product[:, COLUMN["momentum 7 30"]]
        + product[:, COLUMN["sold 30"]]
        - product[:, COLUMN["sold 90"]]
        - user[:, USER_COLUMN["momentum taste"]],
        product[:, COLUMN["basket"]] - user[:, USER_COLUMN["per day"]],
        product[:, COLUMN["age"]] < user[:, USER_COLUMN["recency"]],
    ]
    columns += _chances(pairs, item_features, user_features)
    for place, column in enumerate(columns):
        found[:, place] = column
    return found


def _chances(
    pairs: UserItemPairs, item_features: ItemFeatures, user_features: UserFeatures
) -> list[NDArray[np.float32]]:
    """Return each user's past chances to choose the product, and its sales since their last visit.

    A user who visited five times while a product sold well, without choosing it, is unlikely to choose it on
    the sixth visit. A product that became popular after the user's last visit is new to them.
    """
    rates, days = item_features.rates[pairs.rows], user_features.days[pairs.users]
    every, last = np.arange(len(pairs.users)), (days > 0).argmax(axis=1)
    so_far, spans_so_far = np.cumsum(rates, axis=1), np.arange(1, rates.shape[1] + 1)
    since = so_far[every, last]
    before = so_far[:, -1] - since
    n_since = spans_so_far[last]
    n_before = np.maximum(rates.shape[1] - n_since, 1)
    since, before = since / n_since, before / n_before
    born = of_products.spans(np.maximum(item_features.table[pairs.rows, COLUMN["age"]], 0))
    return [
        np.log1p((days * rates).sum(axis=1)),
        (days * np.log1p(rates)).sum(axis=1),
        np.log(since + 0.01),
        np.log((since + 0.03) / (before + 0.03)),
        np.log(rates[every, last] + 0.03),
        np.cumsum(days, axis=1)[every, born],
    ]
