"""Features of the ranking model, compared with values computed pair by pair."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommendations.engine.actions import DAY, Action, EventTable
from recommendations.engine.log import Log
from recommendations.engine.ltr.item_features import COLUMN, ItemFeatures, item_features
from recommendations.engine.ltr.similarity import TagWeights, similarity
from recommendations.engine.ltr.user_features import USER_COLUMN, user_features
from tests.worlds import TABLE, Article, World

NOW = 100 * DAY


def bought(*events: tuple[int, int, float], action: Action = Action.PURCHASE) -> Log:
    """Return a log of (user, product, days ago)."""
    users, products, ago = zip(*sorted(events, key=lambda event: -event[2]), strict=True)
    at = NOW - (np.array(ago) * DAY).astype(np.int64)
    return Log(np.array(users), np.array(products), at, np.full(len(at), action, np.uint8))


def mixed(seed: int) -> Log:
    """Return a log of random events of three users with five products, at distinct times."""
    random = np.random.default_rng(seed)
    n = int(random.integers(1, 25))
    at = NOW - np.sort(random.choice(90 * DAY, n, replace=False))[::-1]
    return Log(
        random.integers(1, 4, n), random.integers(1, 6, n), at, random.integers(0, 5, n).astype(np.uint8)
    )


def rows_of(log: Log) -> list[tuple[int, int, int, int]]:
    """Return the events as user, product, moment, action."""
    columns = (log.user_ids, log.product_ids, log.at, log.actions)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def fact(found: ItemFeatures, product: int, name: str) -> float:
    return float(found.table[np.searchsorted(found.product_ids, product), COLUMN[name]])


class TestFacts:
    LOG = bought((1, 5, 40), (1, 5, 2), (2, 5, 2), (2, 6, 0.5), (3, 6, 10))

    def test_say_since_when_and_until_when_a_product_sold(self):
        found = item_features(self.LOG, TABLE, now=NOW)

        assert fact(found, 5, "age") == pytest.approx(40)
        assert fact(found, 6, "idle") == pytest.approx(0.5)

    def test_give_the_share_of_decayed_sales_in_units_of_an_equal_one(self):
        found = item_features(self.LOG, TABLE, now=NOW)

        five, six = 2 ** (-40 / 7) + 2 * 2 ** (-2 / 7), 2 ** (-0.5 / 7) + 2 ** (-10 / 7)
        assert fact(found, 5, "sold 7") == pytest.approx(math.log(five / (five + six) * 2 + 1e-3), abs=1e-5)

    def test_count_only_the_first_time_that_a_user_wins_a_product(self):
        found = item_features(self.LOG, TABLE, now=NOW)

        five, six = 2 ** (-40 / 7) + 2 ** (-2 / 7), 2 ** (-0.5 / 7) + 2 ** (-10 / 7)
        assert fact(found, 5, "won 7") == pytest.approx(math.log(five / (five + six) * 2 + 1e-3), abs=1e-5)

    def test_count_buyers_and_how_often_they_come_back(self):
        found = item_features(self.LOG, TABLE, now=NOW)

        assert fact(found, 5, "buyers") == pytest.approx(math.log(3))
        assert fact(found, 5, "repeat") == pytest.approx(3 / 2)

    def test_count_events_of_the_last_week(self):
        assert item_features(self.LOG, TABLE, now=NOW).week.tolist() == [2, 1, 0]

    @given(seed=st.integers(0, 10_000))
    @settings(deadline=None, max_examples=30)
    def test_weigh_what_sold_by_the_deed_and_count_all_else(self, seed):
        log = mixed(seed)

        found = item_features(log, TABLE, now=NOW)

        liked = [
            (user, product, (NOW - at) / DAY, TABLE.weights[action])
            for user, product, at, action in rows_of(log)
            if action != Action.DISMISS
        ]
        products = sorted({product for _, product, _, _ in liked})
        assert found.product_ids.tolist() == products
        for name, half_life in (("sold 7", 7), ("sold 365", 365)):
            worth = {
                product: sum(weight * 2 ** (-ago / half_life) for _, p, ago, weight in liked if p == product)
                for product in products
            }
            for product in products:
                share = worth[product] / sum(worth.values()) * len(products)
                assert fact(found, product, name) == pytest.approx(math.log(share + 1e-3), abs=1e-4)
        for product in products:
            theirs = [(user, ago) for user, p, ago, _ in liked if p == product]
            assert fact(found, product, "momentum 7 30") == pytest.approx(
                fact(found, product, "sold 7") - fact(found, product, "sold 30")
            )
            assert fact(found, product, "age") == pytest.approx(max(ago for _, ago in theirs))
            assert fact(found, product, "buyers") == pytest.approx(math.log1p(len(dict(theirs))))
            assert fact(found, product, "repeat") == pytest.approx(len(theirs) / len(dict(theirs)))
            assert found.week[products.index(product)] == sum(ago < 7 for _, ago in theirs)

    def test_are_the_same_whatever_one_deed_is_worth_where_there_is_no_other(self):
        cheap = EventTable(np.array([0, 0, 0, 0.1, 0]), TABLE.half_life_days)

        assert np.array_equal(
            item_features(self.LOG, cheap, now=NOW).table, item_features(self.LOG, TABLE, now=NOW).table
        )

    def test_leave_out_dismissals(self):
        found = item_features(bought((1, 5, 3), action=Action.DISMISS), TABLE, now=NOW)

        assert len(found.product_ids) == 0
        assert len(found.table) == 1


class TestShoppers:
    def test_say_how_much_how_dear_and_when(self):
        world = World({5: Article(), 6: Article()})
        snapshot = world.snapshot()
        log = bought((1, 5, 40), (1, 5, 2), (1, 6, 2))
        known = item_features(log, TABLE, now=NOW)
        rows = np.searchsorted(known.product_ids, snapshot.product_ids).astype(np.int32)
        price = np.where(snapshot.product_ids == 5, 4 - 0.01, np.nan)

        (row,) = user_features(log.histories(np.array([1]), snapshot), known, TABLE, rows, price).table

        assert row[USER_COLUMN["events"]] == pytest.approx(math.log(4))
        assert row[USER_COLUMN["products"]] == pytest.approx(math.log(3))
        assert row[USER_COLUMN["days"]] == pytest.approx(math.log(3))
        assert row[USER_COLUMN["recency"]] == pytest.approx(2)
        assert row[USER_COLUMN["tenure"]] == pytest.approx(40)
        assert row[USER_COLUMN["price"]] == pytest.approx(math.log(4))

    @given(seed=st.integers(0, 10_000))
    @settings(deadline=None, max_examples=30)
    def test_average_by_what_the_deed_is_worth(self, seed):
        log, world = mixed(seed), World({n: Article() for n in range(1, 6)})
        snapshot = world.snapshot()
        known = item_features(log, TABLE, now=NOW)
        rows = np.full(5, len(known.product_ids), np.int32)
        rows[known.product_ids - 1] = np.arange(len(known.product_ids))
        price = np.where(snapshot.product_ids == 5, np.nan, snapshot.product_ids - 0.01)

        found = user_features(log.histories(np.arange(1, 4), snapshot), known, TABLE, rows, price).table

        for user, row in enumerate(found, 1):
            mine = [event for event in rows_of(log) if event[0] == user and event[3] != Action.DISMISS]
            assert row[USER_COLUMN["events"]] == pytest.approx(math.log1p(len(mine)))
            weights = np.array([TABLE.weights[action] for *_, action in mine])
            sold = [fact(known, product, "sold 365") for _, product, _, _ in mine]
            assert row[USER_COLUMN["sold taste"]] == pytest.approx(average(sold, weights), abs=1e-4)
            priced = np.array([product != 5 for _, product, _, _ in mine], bool)
            paid = [math.log(product) for _, product, _, _ in mine if product != 5]
            usual = average(paid, weights[priced])
            assert row[USER_COLUMN["price"]] == pytest.approx(usual, abs=1e-5)
            spread = math.sqrt(average([(one - usual) ** 2 for one in paid], weights[priced]))
            assert row[USER_COLUMN["price spread"]] == pytest.approx(spread, abs=1e-4)

    def test_know_no_price_of_who_did_what_is_worth_nothing(self):
        snapshot = World({5: Article()}).snapshot()
        log = bought((1, 5, 2), action=Action.VIEW)
        table = EventTable(np.array([0.0, 2, 3, 5, -5]), TABLE.half_life_days)
        known = item_features(log, table, now=NOW)

        (row,) = user_features(
            log.histories(np.array([1]), snapshot), known, table, np.zeros(1, np.int32), np.ones(1)
        ).table

        assert row[USER_COLUMN["events"]] == pytest.approx(math.log(2))
        assert (row[USER_COLUMN["price"]], row[USER_COLUMN["price spread"]]) == (0, 0)


def average(values: list[float], weights: np.ndarray) -> float:
    return float(np.average(values, weights=weights)) if len(values) else 0.0


class TestLikeness:
    @given(seed=st.integers(0, 10_000))
    @settings(deadline=None, max_examples=50)
    def test_is_the_share_of_the_category_and_the_cosine_of_tags(self, seed):
        random = np.random.default_rng(seed)
        articles = {
            key: Article(
                random.choice(["a", "b", None]),
                frozenset(random.choice(list("stuvwx"), random.integers(0, 4)).tolist()),
            )
            for key in range(1, 9)
        }
        world = World(articles, [random.integers(1, 9, random.integers(0, 5)).tolist() for _ in range(3)])
        snapshot = world.snapshot()
        features = snapshot.features
        weights = TagWeights.of(features)
        users, positions = np.repeat(np.arange(3), 8), np.tile(np.arange(8), 3)
        past = world.batch(snapshot)
        past = replace(past, actions=random.integers(0, 5, len(past.at)).astype(np.uint8))

        found = similarity(past, users, positions, features=features, tag_weights=weights, table=TABLE, now=0)

        n_tags = len(features.tag_names.names)
        vectors = np.zeros((8, n_tags))
        for position in range(8):
            vectors[position, features.tags[position]] = weights.weights[features.tags[position]]
        lengths = np.linalg.norm(vectors, axis=1)
        assert weights.lengths(features.tags) == pytest.approx(lengths)
        units = vectors / np.where(lengths > 0, lengths, 1)[:, None]
        for pair, (user, position) in enumerate(zip(users, positions, strict=True)):
            mine = past.take(np.array([user])).liked
            seen, worth = mine.events.flat, TABLE.weights[mine.actions]
            category = features.category[position]
            same = average(features.category[seen] == category, worth) if category >= 0 else 0
            assert found.category[pair] == pytest.approx(same)
            profile = worth @ units[seen]
            length = np.linalg.norm(profile)
            cosine = profile @ units[position] / length if length > 0 else 0
            assert found.tags[pair] == pytest.approx(cosine, abs=1e-6)
