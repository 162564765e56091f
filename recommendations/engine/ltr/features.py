"""The table that the ranker reads: one row a pair of user and product, one column a feature."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.ltr import item_features as of_products
from recommendations.engine.ltr import user_features as of_users
from recommendations.engine.ltr.affinity import Affinity
from recommendations.engine.ltr.item_features import COLUMN, ItemFeatures
from recommendations.engine.ltr.similarity import Similarity
from recommendations.engine.ltr.user_features import SHOPPER, UserFeatures, log_price

_LEARNED = ("score", "share", "rank")
_CHANCES = ("chances sum", "chances log", "since", "since before", "at last visit", "chances")
NAMES: tuple[str, ...] = (
    *(f"long {kind}" for kind in _LEARNED),
    *(f"recent {kind}" for kind in _LEARNED),
    *("tag likeness", "category share", "category lift"),
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
# Which kind of reason each feature belongs to, shape (len(NAMES),).
GROUPS = np.array([TRENDING if name in _SHORT else _GROUPS.get(name.split()[0], OTHER) for name in NAMES])


@dataclass(frozen=True, slots=True)
class UserItemPairs:
    """users: shape (n_pairs,), rows, never falling; rows: shape (n_pairs,), those of the facts."""

    users: NDArray[np.int64]
    rows: NDArray[np.int32]


def table(
    pairs: UserItemPairs,
    *,
    long: Affinity,
    recent: Affinity,
    likeness: Similarity,
    category_level: NDArray[np.float64],
    item_features: ItemFeatures,
    shoppers: UserFeatures,
    price: NDArray[np.float64],
) -> NDArray[np.float32]:
    """Return the features of each pair, shape (n_pairs, len(NAMES)); NaN where a price is not known.

    category_level: shape (n_pairs,), the share of all sales in the category of each product
    price:          shape (n_pairs,), NaN where it is not known
    """
    product, user = item_features.table[pairs.rows], shoppers.table[pairs.users]
    dear = log_price(price)
    distance = dear - user[:, SHOPPER["price"]]
    found = np.empty((len(pairs.users), len(NAMES)), np.float32)
    columns = [getattr(of, kind) for of in (long, recent) for kind in _LEARNED]
    lift = np.log((likeness.category + 1e-3) / (category_level + 1e-3))
    columns += [likeness.tags, likeness.category, lift]
    columns += list(product.T)
    columns += list(user.T)
    columns += [
        dear,
        distance,
        np.abs(distance) / (user[:, SHOPPER["price spread"]] + 0.3),
        np.log1p(product[:, COLUMN["age"]]) - user[:, SHOPPER["age taste"]],
        product[:, COLUMN["sold 365"]] - user[:, SHOPPER["sold taste"]],
        product[:, COLUMN["audience"]] - user[:, SHOPPER["products"]],
        product[:, COLUMN["momentum 7 30"]]
        + product[:, COLUMN["sold 30"]]
        - product[:, COLUMN["sold 90"]]
        - user[:, SHOPPER["momentum taste"]],
        product[:, COLUMN["basket"]] - user[:, SHOPPER["per day"]],
        product[:, COLUMN["age"]] < user[:, SHOPPER["recency"]],
    ]
    columns += _chances(pairs, item_features, shoppers)
    for place, column in enumerate(columns):
        found[:, place] = column
    return found


def _chances(
    pairs: UserItemPairs, item_features: ItemFeatures, shoppers: UserFeatures
) -> list[NDArray[np.float32]]:
    """Return how often each user could have met the product and did not, and how it has sold since.

    Who came five times while it sold well, and left it, will hardly take it the sixth time; what has come
    up since the last visit is news.
    """
    rates, days = item_features.rates[pairs.rows], shoppers.days[pairs.users]
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
