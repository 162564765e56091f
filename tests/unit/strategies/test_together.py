"""The together strategy."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recommendations.engine.actions import DAY, Action
from recommendations.engine.histories import Histories, Mask
from recommendations.engine.log import Log
from recommendations.engine.ragged import Ragged, empty, starts_of
from recommendations.engine.reasons import Reason, ReasonKind
from recommendations.engine.snapshot import Snapshot
from recommendations.strategies.base import Training
from recommendations.strategies.together import Together, TogetherModel
from tests.contracts.strategy import WORLD, StrategyContract
from tests.worlds import TABLE, Article, World

SHOP = World({n: Article() for n in range(1, 7)})


def log(*baskets: set[int]) -> Log:
    """Return purchases, with a separate user for each basket."""
    users = [user for user, basket in enumerate(baskets) for _ in basket]
    products = [product for basket in baskets for product in sorted(basket)]
    n = len(users)
    return Log(
        np.array(users, np.int64),
        np.array(products, np.int64),
        np.array(users, np.int64) * DAY,
        np.full(n, Action.PURCHASE, np.uint8),
    )


def bought(snapshot: Snapshot, *events: tuple[int, int], action: Action = Action.PURCHASE) -> Histories:
    """Return one user's events of an action, as (product, time), newest first."""
    ids = np.array([product for product, _ in events], np.int64)
    return Histories(
        Ragged(starts_of(np.array([len(events)])), snapshot.locate(ids)),
        np.full(len(events), action, np.uint8),
        np.array([at for _, at in events], np.int64),
        snapshot.features,
    )


def model(*baskets: set[int], **options: object) -> TogetherModel:
    return Together.from_options(**{"min_support": 2, **options}).fit(
        Training(SHOP.snapshot(), log(*baskets), TABLE)
    )


def offered(
    learned: TogetherModel,
    *events: tuple[int, int],
    snapshot: Snapshot | None = None,
    action: Action = Action.PURCHASE,
) -> list[tuple[int, tuple[Reason, ...]]]:
    snapshot = snapshot or SHOP.snapshot()
    retriever, past = learned.bind(snapshot), bought(snapshot, *events, action=action)
    found = retriever.retrieve(past, allowed=Mask(snapshot.active, empty(1)), k=5)
    positions = found.positions[0, found.positions[0] >= 0]
    return list(zip(snapshot.product_ids[positions].tolist(), retriever.reasons(past, found)[0], strict=True))


def ids(*args, **kwargs) -> list[int]:
    return [product for product, _ in offered(*args, **kwargs)]


SEVEN = ({1, 2}, {1, 2}, {1, 3}, {1, 3}, {3, 4}, {3, 5}, {6})
BASKETS = (*SEVEN, {6}, {6}, {6}, {6})


class TestTogether(StrategyContract):
    def strategy(self) -> Together:
        return Together.from_options()

    def test_orders_by_lift_and_says_it(self):
        found = offered(model(*BASKETS), (1, 0))

        # 11 baskets: 1 is in four, 2 in two, 3 in four; each pair shares two.
        assert found == [
            (2, (Reason(ReasonKind.TOGETHER, 2, 0), Reason(ReasonKind.LIFT, 2750, 2750))),
            (3, (Reason(ReasonKind.TOGETHER, 2, 0), Reason(ReasonKind.LIFT, 1375, 1375))),
        ]

    def test_leaves_out_what_is_in_one_basket_no_more_often_than_by_chance(self):
        less_often = ids(model(*SEVEN), (1, 0))  # 3 goes with 1 twice; chance would have it 16 / 7 times
        just_as_often = ids(model(*SEVEN, {6}), (1, 0))  # and here 16 / 8 times

        assert (less_often, just_as_often) == ([2], [2])
        assert ids(model(*SEVEN, {6}, {6}), (1, 0)) == [2, 3]

    def test_leaves_out_what_has_too_little_support(self):
        assert ids(model(*BASKETS), (3, 0)) == [1]
        assert ids(model(*BASKETS, min_support=1), (3, 0)) == [4, 5, 1]

    def test_goes_by_the_last_basket_alone(self):
        assert ids(model(*BASKETS), (2, 9 * DAY), (3, 0)) == [1]
        assert ids(model(*BASKETS), (6, 9 * DAY), (2, 0)) == []

    def test_takes_the_best_pair_of_what_goes_with_several(self):
        found = dict(offered(model(*BASKETS), (2, 0), (3, 0)))

        assert found[1][1] == Reason(ReasonKind.LIFT, 2750, 2750)

    def test_goes_by_the_cart_of_who_bought_nothing(self):
        assert ids(model(*BASKETS), (2, 0), action=Action.CART) == [1]
        assert ids(model(*BASKETS), (2, 0), action=Action.VIEW) == []

    def test_goes_by_what_was_bought_whatever_is_in_the_cart(self):
        snapshot, learned = SHOP.snapshot(), model(*BASKETS)
        past = bought(snapshot, (2, 9 * DAY), (3, 0))
        cart_last = replace(past, actions=np.array([Action.CART, Action.PURCHASE], np.uint8))

        found = learned.bind(snapshot).retrieve(cart_last, allowed=Mask(snapshot.active, empty(1)), k=5)

        # 1 is paired with 2 as well, but with a lift of 3.
        assert found.points[0, :2].tolist() == [1375, 0]

    def test_leaves_alone_who_bought_nothing(self):
        assert ids(model(*BASKETS)) == []

    def test_forgets_what_the_catalogue_no_longer_holds(self):
        smaller = World({n: Article(popularity=n) for n in (1, 3)}).snapshot()

        assert ids(model(*BASKETS), (1, 0), snapshot=smaller) == [3]

    def test_offers_the_same_from_its_files(self, tmp_path: Path):
        learned = model(*BASKETS)
        learned.save(tmp_path)

        loaded = Together.from_options().load(tmp_path)

        assert offered(loaded, (1, 0)) == offered(learned, (1, 0))
        assert isinstance(loaded.pairs.columns, np.memmap)
        assert all(path.suffix in (".npy", ".json") for path in tmp_path.iterdir())

    def test_learns_from_nothing(self):
        assert ids(model(), (1, 0)) == []

    def test_counts_a_sample_of_a_large_basket(self):
        learned = model({1, 2, 3, 4, 5}, {1, 2, 3, 4, 5}, largest_basket=2, min_support=1)

        assert learned.record["n_capped"] == 2
        assert len(learned.pairs.columns) in (2, 4)

    def test_makes_baskets_by_the_days_of_its_zone(self):
        """Two purchases at 23:00 and 00:00 in Paris, three times, and one of another product."""
        events = [(user, 1 + n, 22 * 3600 + n * 3600) for user in range(3) for n in range(2)] + [(3, 6, 0)]
        events.sort(key=lambda event: event[2])
        users, products, at = np.array(events).T
        purchases = Log(users, products, at, np.full(len(at), Action.PURCHASE, np.uint8))
        training = Training(SHOP.snapshot(), purchases, TABLE)

        pairs = {
            zone: len(Together.from_options(time_zone=zone).fit(training).pairs.columns)
            for zone in ("Europe/Paris", "America/New_York")
        }

        assert pairs == {"Europe/Paris": 0, "America/New_York": 2}

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("time_zone", "Mars"),
            ("time_zone", 3),
            ("min_support", 0),
            ("min_support", 1.5),
            ("largest_basket", 1),
            ("neighbours", True),
        ],
    )
    def test_names_the_option_that_is_wrong(self, name: str, value: object):
        with pytest.raises(ValueError, match=f"{name} is"):
            Together.from_options(**{name: value})


class TestTogetherThatLearned(StrategyContract):
    """The contract, in a shop where all events are purchases at the same time."""

    def strategy(self) -> Together:
        return Together.from_options(min_support=1)

    def retriever(self):
        training = WORLD.training()
        log = training.log
        together = Log(log.user_ids, log.product_ids, log.at * 0, np.full_like(log.actions, Action.PURCHASE))
        retriever = self.strategy().fit(replace(training, log=together)).bind(training.snapshot)
        return _AsPurchases(retriever)

    def test_finds_something_at_all(self):
        found, _ = self.retrieve(40)

        assert found.lengths.any()


class _AsPurchases:
    """Retriever that treats every event of a history as a purchase."""

    def __init__(self, inner) -> None:
        self.inner = inner

    def retrieve(self, histories: Histories, **kwargs):
        return self.inner.retrieve(_purchases(histories), **kwargs)

    def reasons(self, histories: Histories, candidates):
        return self.inner.reasons(_purchases(histories), candidates)


def _purchases(histories: Histories) -> Histories:
    return replace(histories, actions=np.full_like(histories.actions, Action.PURCHASE), derived={})
