"""The table that the ranker reads, against each of its features worked out pair by pair."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommendations.engine.ltr import item_features, user_features
from recommendations.engine.ltr.affinity import Affinity
from recommendations.engine.ltr.features import NAMES, UserItemPairs, table
from recommendations.engine.ltr.item_features import SPANS, ItemFeatures
from recommendations.engine.ltr.similarity import Similarity
from recommendations.engine.ltr.user_features import UserFeatures

N_PRODUCTS, N_USERS, N_PAIRS = 5, 3, 8


class World:
    """Facts of products, users and pairs, drawn at random; some users did nothing."""

    def __init__(self, seed: int) -> None:
        random = np.random.default_rng(seed)

        def floats(*shape: int) -> np.ndarray:
            return random.uniform(0, 3, shape).astype(np.float32)

        ages = random.choice([0.0, 0.5, 1.0, 6.0, 44.0, 400.0], N_PRODUCTS)
        facts = floats(N_PRODUCTS, len(item_features.NAMES))
        facts[:, item_features.COLUMN["age"]] = ages
        self.items = ItemFeatures(
            now=0,
            product_ids=np.arange(N_PRODUCTS - 1),
            table=facts,
            rates=floats(N_PRODUCTS, len(SPANS)),
            week=np.zeros(N_PRODUCTS, np.int64),
        )
        days = random.choice([0, 0, 0, 1, 2], (N_USERS, len(SPANS))).astype(np.float32)
        days[:2] = 0
        days[1, -2] = 1  # all but the last span are since their last visit
        self.users = UserFeatures(floats(N_USERS, len(user_features.NAMES)), days)
        self.pairs = UserItemPairs(
            np.sort(random.integers(0, N_USERS, N_PAIRS)),
            random.integers(0, N_PRODUCTS, N_PAIRS).astype(np.int32),
        )
        self.long, self.recent = (Affinity(*floats(3, N_PAIRS)) for _ in range(2))
        self.similarity = Similarity(
            category=random.uniform(0, 1, N_PAIRS), tags=random.uniform(0, 1, N_PAIRS)
        )
        self.level = random.uniform(0, 1, N_PAIRS)
        self.price = random.choice([0.0, 1.0, 25.0], N_PAIRS)

    def table(self) -> np.ndarray:
        return table(
            self.pairs,
            long=self.long,
            recent=self.recent,
            similarity=self.similarity,
            category_level=self.level,
            item_features=self.items,
            user_features=self.users,
            price=self.price,
        )

    def naive(self, pair: int) -> dict[str, float]:
        """Return the features of one pair by name."""
        row, user = int(self.pairs.rows[pair]), int(self.pairs.users[pair])
        item = dict(zip(item_features.NAMES, self.items.table[row].tolist(), strict=True))
        shopper = dict(zip(user_features.NAMES, self.users.table[user].tolist(), strict=True))
        rates, days = self.items.rates[row].tolist(), self.users.days[user].tolist()
        dear = math.log(self.price[pair] + 0.01)
        last = next((span for span, n in enumerate(days) if n), 0)
        newer, older = rates[: last + 1], rates[last + 1 :]
        since, before = sum(newer) / len(newer), sum(older) / max(len(older), 1)
        lived = [n for n, begins in zip(days, SPANS, strict=True) if begins <= item["age"]]
        return {
            **{f"long {kind}": float(getattr(self.long, kind)[pair]) for kind in ("score", "share", "rank")},
            **{
                f"recent {kind}": float(getattr(self.recent, kind)[pair])
                for kind in ("score", "share", "rank")
            },
            "tag similarity": self.similarity.tags[pair],
            "category share": self.similarity.category[pair],
            "category lift": math.log((self.similarity.category[pair] + 0.001) / (self.level[pair] + 0.001)),
            **item,
            **{f"user {name}": value for name, value in shopper.items()},
            "price": dear,
            "price against usual": dear - shopper["price"],
            "price distance": abs(dear - shopper["price"]) / (shopper["price spread"] + 0.3),
            "age against taste": math.log1p(item["age"]) - shopper["age taste"],
            "sold against taste": item["sold 365"] - shopper["sold taste"],
            "audience against user": item["audience"] - shopper["products"],
            "momentum against taste": item["momentum 7 30"]
            + item["sold 30"]
            - item["sold 90"]
            - shopper["momentum taste"],
            "basket against user": item["basket"] - shopper["per day"],
            "new since": float(item["age"] < shopper["recency"]),
            "chances sum": math.log1p(sum(n * rate for n, rate in zip(days, rates, strict=True))),
            "chances log": sum(n * math.log1p(rate) for n, rate in zip(days, rates, strict=True)),
            "since": math.log(since + 0.01),
            "since before": math.log((since + 0.03) / (before + 0.03)),
            "at last visit": math.log(rates[last] + 0.03),
            "chances": sum(lived),
        }


class TestTable:
    @given(seed=st.integers(0, 10_000))
    def test_holds_each_feature_under_its_name(self, seed: int):
        world = World(seed)

        found = world.table()

        for pair in range(N_PAIRS):
            wanted = world.naive(pair)
            assert dict(zip(NAMES, found[pair].tolist(), strict=True)) == pytest.approx(
                wanted, rel=1e-4, abs=1e-4
            )

    def test_leaves_what_depends_on_a_price_open_where_it_is_not_known(self):
        world = World(1)
        world.price[0] = np.nan

        unknown = {
            name for name, value in zip(NAMES, world.table()[0].tolist(), strict=True) if math.isnan(value)
        }

        assert unknown == {"price", "price against usual", "price distance"}
