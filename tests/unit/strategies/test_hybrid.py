"""The hybrid strategy: candidates, learned order, and reasons that add up."""

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from recommendations.engine.actions import DAY, Action
from recommendations.engine.features import Features, Vocabulary
from recommendations.engine.histories import Histories, Mask, seen
from recommendations.engine.log import Log
from recommendations.engine.ltr.booster import Blend, Trees
from recommendations.engine.ltr.features import NAMES
from recommendations.engine.ragged import Ragged, empty
from recommendations.engine.reasons import ReasonKind
from recommendations.engine.snapshot import Snapshot
from recommendations.strategies.base import Training
from recommendations.strategies.hybrid import Hybrid, HybridModel
from recommendations.strategies.hybrid.training import WINDOW_DAYS, windows
from tests.contracts.strategy import StrategyContract
from tests.worlds import TABLE, Article, World

N_PRODUCTS, N_USERS, DAYS = 60, 200, 200


@cache
def shop() -> Training:
    """Return a shop of two halves: users buy from their half, where every ten days another product sells."""
    random = np.random.default_rng(7)
    at = np.sort(random.integers(0, DAYS * DAY, 9_000))
    users = random.integers(0, N_USERS, len(at))
    fashion = at // (10 * DAY)
    half = users % 2
    product = np.where(
        random.random(len(at)) < 0.4,
        fashion % (N_PRODUCTS // 2),
        random.integers(0, N_PRODUCTS // 2, len(at)),
    )
    log = Log(users + 1, product * 2 + half + 1, at, np.full(len(at), Action.PURCHASE, np.uint8))
    ids = np.arange(1, N_PRODUCTS + 1)
    features = Features(
        (ids + 1) % 2,
        Ragged(np.arange(N_PRODUCTS + 1), ids % 3),
        Vocabulary(("even", "odd")),
        Vocabulary(("a", "b", "c")),
    )
    snapshot = Snapshot.build(
        product_ids=ids,
        active=np.ones(N_PRODUCTS, bool),
        popularity=np.bincount(log.product_ids, minlength=N_PRODUCTS + 1)[1:],
        features=features,
        price=np.where(ids % 7, ids.astype(float), np.nan),
        now=int(at[-1]),
    )
    return Training(snapshot, log, TABLE)


@cache
def model() -> HybridModel:
    return Hybrid(windows=3, trees=20).fit(shop())


def some_histories(n: int = 20) -> Histories:
    """Return short recent histories of some users, which leave products to recommend."""
    log, snapshot = shop().log, shop().snapshot
    lately = log.take(log.at > log.at[-1] - 40 * DAY)
    return lately.histories(np.arange(1, n + 1), snapshot)


def allowed_to(histories: Histories) -> Mask:
    snapshot = shop().snapshot
    return Mask(snapshot.active, seen(histories, len(snapshot)))


class TestHybrid(StrategyContract):
    """A shop with too little data for a trained ranking model."""

    def strategy(self) -> Hybrid:
        return Hybrid()


class TestRecipe:
    @pytest.mark.parametrize(
        "option", [{"windows": -1}, {"trees": 0}, {"depth": 50}, {"half_life_days": 0}, {"neighbours": 0}]
    )
    def test_refuses_an_option_by_name(self, option):
        with pytest.raises(ValueError, match=next(iter(option))):
            Hybrid.from_options(**option)

    def test_blends_where_there_is_nothing_to_learn_an_order_from(self):
        fitted = Hybrid().fit(World({1: Article(), 2: Article()}, [[1, 2], [2]]).training())

        assert isinstance(fitted.ranker, Blend)
        assert fitted.record["ranker"] == "blend"

    def test_learns_an_order_where_there_are_earlier_months(self):
        assert isinstance(model().ranker, Trees)
        assert model().record["learned_from_users"] > 100


class TestWindows:
    def test_know_nothing_of_what_they_ask_for(self):
        found = list(windows(shop(), 3))

        assert len(found) == 3
        for window in found:
            assert window.past.at.max() < window.cutoff
            assert window.cutoff + WINDOW_DAYS * DAY <= shop().snapshot.now

    def test_are_none_where_nothing_happened(self):
        nothing = shop().log.take(np.zeros(len(shop().log), bool))

        assert list(windows(replace(shop(), log=nothing), 3)) == []


class TestRetriever:
    def test_offers_only_what_is_allowed(self):
        snapshot, histories = shop().snapshot, some_histories()
        everyone = snapshot.product_ids % 3 != 0
        allowed = Mask(everyone, seen(histories, len(snapshot)))

        found = model().bind(snapshot).retrieve(histories, allowed=allowed, k=30)

        for user, positions in enumerate(found.positions):
            shown = positions[positions >= 0]
            assert len(shown)
            assert everyone[shown].all()
            assert not np.isin(shown, allowed.own[user]).any()

    def test_finds_the_users_half_of_the_shop(self):
        snapshot, histories = shop().snapshot, some_histories()

        found = model().bind(snapshot).retrieve(histories, allowed=allowed_to(histories), k=3)

        for user, positions in enumerate(found.positions):
            shown = snapshot.product_ids[positions[positions >= 0]]
            assert ((shown - 1) % 2 == user % 2).mean() > 0.9

    def test_gives_points_above_0_that_its_reasons_add_up_to(self):
        snapshot, histories = shop().snapshot, some_histories()
        retriever = model().bind(snapshot)
        found = retriever.retrieve(histories, allowed=allowed_to(histories), k=10)

        reasons = retriever.reasons(histories, found)

        for why, points, n in zip(reasons, found.points.tolist(), found.lengths.tolist(), strict=True):
            assert min(points[:n]) > 0
            assert [sum(reason.points for reason in one) for one in why] == points[:n]

    def test_names_nothing_that_does_not_hold(self):
        snapshot, met = shop().snapshot, some_histories()
        unwanted = np.isin(snapshot.product_ids[met.events.flat] % 6, (0, 1))
        actions = np.where(unwanted, Action.DISMISS, met.actions).astype(np.uint8)
        histories = replace(met, actions=actions, derived={})
        retriever = model().bind(snapshot)
        found = retriever.retrieve(histories, allowed=allowed_to(histories), k=10)

        reasons = retriever.reasons(histories, found)

        features = snapshot.features
        for user, row in enumerate(reasons):
            liked = histories.liked.events[user]
            for position, why in zip(found.positions[user].tolist(), row, strict=False):
                for reason in why:
                    if reason.kind is ReasonKind.BECAUSE:
                        assert reason.value in snapshot.product_ids[liked]
                    elif reason.kind is ReasonKind.CATEGORY:
                        assert reason.value == features.categories.names[features.category[position]]
                        assert features.category[position] in features.category[liked]
                    elif reason.kind is ReasonKind.TAG:
                        tags = [features.tag_names.names[code] for code in features.tags[position]]
                        assert reason.value in tags
                    elif reason.kind is ReasonKind.POPULAR:
                        assert reason.value == snapshot.popularity[position]

    def test_has_contributions_that_add_up_to_the_score_but_for_a_constant(self):
        snapshot, histories = shop().snapshot, some_histories()
        stage, ranker = model().bind(snapshot).stage, model().ranker
        table = stage.table(histories, stage.candidates(histories, allowed_to(histories)))

        rest = ranker.scores(table) - ranker.contributions(table).sum(axis=1)

        assert table.shape[1] == len(NAMES)
        assert rest == pytest.approx(rest[0], abs=1e-3)

    def test_answers_one_user_as_it_answers_many(self):
        snapshot, histories = shop().snapshot, some_histories(300)
        retriever, allowed = model().bind(snapshot), allowed_to(some_histories(300))

        together = retriever.retrieve(histories, allowed=allowed, k=5)

        for user in (0, 100, 199):
            one = np.array([user])
            alone = retriever.retrieve(
                histories.take(one), allowed=Mask(allowed.everyone, allowed.own.take(one)), k=5
            )
            assert alone.positions[0].tolist() == together.positions[user].tolist()
            assert alone.points[0].tolist() == together.points[user].tolist()

    def test_offers_nothing_to_who_has_no_history(self):
        snapshot = shop().snapshot
        nobody = some_histories(1).having(np.zeros(len(some_histories(1).at), bool))

        found = model().bind(snapshot).retrieve(nobody, allowed=Mask(snapshot.active, empty(1)), k=5)

        assert found.lengths.tolist() == [0]

    def test_brings_a_product_without_events_to_people_through_content(self):
        articles = {n: Article("C", frozenset({"t"}), popularity=2) for n in (1, 2, 3)}
        world = World(articles | {9: Article("C", frozenset({"t"}))}, [[1, 2], [1]])
        snapshot = world.snapshot()
        histories = world.batch(snapshot)
        retriever = Hybrid().fit(world.training()).bind(snapshot)

        found = retriever.retrieve(
            histories, allowed=Mask(snapshot.active, seen(histories, len(snapshot))), k=5
        )

        assert snapshot.locate(np.array([9]))[0] in found.positions[1]

    def test_speaks_of_products_that_the_catalogue_still_has(self):
        kept = shop().snapshot.product_ids % 5 != 0
        ids = shop().snapshot.product_ids[kept]
        smaller = World({int(n): Article("even") for n in ids}, [[1, 3, 7]])
        snapshot = smaller.snapshot()
        histories = smaller.batch(snapshot)
        retriever = model().bind(snapshot)

        found = retriever.retrieve(
            histories, allowed=Mask(snapshot.active, seen(histories, len(snapshot))), k=50
        )

        assert found.positions.max() < len(snapshot)
        assert retriever.reasons(histories, found)


class TestSaving:
    def test_keeps_answers_the_same(self, tmp_path):
        snapshot, histories = shop().snapshot, some_histories()

        model().save(tmp_path)
        loaded = Hybrid().load(tmp_path)

        ours, theirs = (
            one.bind(snapshot).retrieve(histories, allowed=allowed_to(histories), k=9)
            for one in (model(), loaded)
        )
        assert np.array_equal(ours.positions, theirs.positions)
        assert np.array_equal(ours.points, theirs.points)

    def test_maps_arrays_and_keeps_no_pickle(self, tmp_path):
        model().save(tmp_path)

        loaded = Hybrid().load(tmp_path)

        assert isinstance(loaded.item_features.table.base, np.memmap)
        assert isinstance(loaded.long.links.weights.base, np.memmap)
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert {path.suffix for path in files} == {".npy", ".json"}
        assert (tmp_path / "ranker.json").exists()
        assert json.loads((tmp_path / "model.json").read_text())["ranker"] == "trees"

    def test_refuses_a_folder_that_lacks_its_ranker(self, tmp_path):
        model().save(tmp_path)
        (tmp_path / "ranker.json").unlink()

        with pytest.raises(ValueError, match="has no ranking model"):
            Hybrid().load(tmp_path)

    def test_keeps_a_blend_too(self, tmp_path):
        Hybrid().fit(World({1: Article(), 2: Article()}, [[1, 2], [2]]).training()).save(tmp_path)

        assert isinstance(Hybrid().load(tmp_path).ranker, Blend)
