"""The collaborative strategy, applied to given histories."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommendations.engine.actions import DAY, Action
from recommendations.engine.histories import Histories, Mask, seen
from recommendations.engine.ragged import empty
from recommendations.engine.reasons import ReasonKind
from recommendations.engine.snapshot import Snapshot
from recommendations.strategies.collaborative import POINTS, Collaborative
from tests.contracts.strategy import StrategyContract
from tests.unit.engine.test_item_item import naive
from tests.unit.engine.test_linear import dense
from tests.worlds import TABLE, Article, World

# Two groups: users who like 1 like 2 and 3, users who like 11 like 12 and 13.
CIRCLES = World(
    {n: Article(popularity=3) for n in (1, 2, 3, 11, 12, 13, 20)},
    [[1, 2, 3], [1, 2, 3], [1, 2], [11, 12, 13], [11, 12, 13], [11, 12], [2, 12], [1]],
)


def recommended(strategy: Collaborative, world: World, user: int, k: int = 7) -> list[int]:
    snapshot = world.snapshot()
    histories = world.batch(snapshot)
    allowed = Mask(snapshot.active, seen(histories, len(snapshot)))
    found = strategy.fit(world.training()).bind(snapshot).retrieve(histories, allowed=allowed, k=k)
    positions = found.positions[user]
    return snapshot.product_ids[positions[positions >= 0]].tolist()


def dismissing(histories: Histories, snapshot: Snapshot, *products: int) -> Histories:
    """Return the same histories with these products dismissed."""
    unwanted = np.isin(histories.events.flat, snapshot.locate(np.array(products)))
    actions = np.where(unwanted, Action.DISMISS, histories.actions).astype(np.uint8)
    return replace(histories, actions=actions, derived={})


class TestEase(StrategyContract):
    def strategy(self) -> Collaborative:
        return Collaborative(method="ease", regularisation=1)


class TestSparse(StrategyContract):
    def strategy(self) -> Collaborative:
        return Collaborative(method="sparse", shrinkage=1)


class TestRecipe:
    @pytest.mark.parametrize(
        "option",
        [
            {"method": "als"},
            {"neighbours": 0},
            {"largest_dense": 1.5},
            {"regularisation": 0},
            {"half_life_days": "30"},
            {"shrinkage": -1},
            {"evenness": 0},
            {"evenness": 1.5},
            {"damping": -0.1},
            {"damping": "1"},
        ],
    )
    def test_refuses_an_option_by_name(self, option):
        with pytest.raises(ValueError, match=next(iter(option))):
            Collaborative.from_options(**option)

    @pytest.mark.parametrize(("largest", "method"), [(7, "ease"), (6, "ease"), (5, "sparse")])
    def test_chooses_by_the_number_of_products_with_events(self, largest, method):
        model = Collaborative(largest_dense=largest).fit(CIRCLES.training())

        assert model.record["method"] == method

    @pytest.mark.parametrize("method", ["ease", "sparse"])
    def test_can_be_forced(self, method):
        model = Collaborative(method=method, largest_dense=3).fit(CIRCLES.training())

        assert (model.record["method"], model.record["asked"]) == (method, method)

    @pytest.mark.parametrize(
        ("method", "taken"),
        [
            ("ease", {"half_life_days": 9, "regularisation": 2}),
            ("sparse", {"half_life_days": 8, "shrinkage": 3, "evenness": 0.7, "damping": 0.2}),
        ],
    )
    def test_records_the_options_that_its_method_took(self, method, taken):
        estimator = Collaborative(
            method=method,
            half_life_days=9,
            sparse_half_life_days=8,
            regularisation=2,
            shrinkage=3,
            evenness=0.7,
            damping=0.2,
        )

        record = estimator.fit(CIRCLES.training()).record

        options = ("half_life_days", "regularisation", "shrinkage", "evenness", "damping")
        assert {name: record[name] for name in options if name in record} == taken

    def test_leaves_out_products_with_few_events(self):
        model = Collaborative(min_events=3, regularisation=1).fit(CIRCLES.training())

        assert model.product_ids.tolist() == [1, 2, 11, 12]


@pytest.mark.parametrize("method", ["ease", "sparse"])
class TestCircles:
    def test_recommends_what_was_liked_together(self, method):
        strategy = Collaborative(method=method, regularisation=1, shrinkage=1)

        assert recommended(strategy, CIRCLES, user=7)[:2] == [2, 3]

    def test_pushes_down_what_goes_with_the_dismissed(self, method):
        strategy = Collaborative(method=method, regularisation=1, shrinkage=1)
        snapshot = CIRCLES.snapshot()
        histories = CIRCLES.batch(snapshot).take(np.array([6]))
        disliked = dismissing(histories, snapshot, 2)
        retriever = strategy.fit(CIRCLES.training()).bind(snapshot)
        allowed = Mask(snapshot.active, seen(histories, len(snapshot)))

        before = retriever.retrieve(histories, allowed=allowed, k=7).positions[0]
        after = retriever.retrieve(disliked, allowed=allowed, k=7).positions[0]

        one = snapshot.locate(np.array([1]))[0]
        assert one in before
        assert one not in after

    def test_offers_nothing_to_who_has_no_history(self, method):
        strategy = Collaborative(method=method, regularisation=1, shrinkage=1)
        world = replace(CIRCLES, histories=[*CIRCLES.histories, []])

        assert recommended(strategy, world, user=8) == []

    def test_names_the_product_that_speaks_most_for_a_pick(self, method):
        snapshot = CIRCLES.snapshot()
        histories = CIRCLES.batch(snapshot)
        allowed = Mask(snapshot.active, seen(histories, len(snapshot)))
        strategy = Collaborative(method=method, regularisation=1, shrinkage=1)
        retriever = strategy.fit(CIRCLES.training()).bind(snapshot)

        found = retriever.retrieve(histories, allowed=allowed, k=1)

        first = retriever.reasons(histories, found)[7][0][0]
        assert (first.kind, first.value) == (ReasonKind.BECAUSE, 1)

    def test_is_the_same_after_saving_and_loading(self, method, tmp_path):
        strategy = Collaborative(method=method, regularisation=1, shrinkage=1)
        model = strategy.fit(CIRCLES.training())
        snapshot = CIRCLES.snapshot()
        histories = CIRCLES.batch(snapshot)
        allowed = Mask(snapshot.active, seen(histories, len(snapshot)))

        model.save(tmp_path)
        loaded = strategy.load(tmp_path)

        assert loaded.record == model.record
        assert isinstance(loaded.links.weights.base, np.memmap)
        ours, theirs = (
            one.bind(snapshot).retrieve(histories, allowed=allowed, k=5) for one in (model, loaded)
        )
        assert np.array_equal(ours.positions, theirs.positions)
        assert np.array_equal(ours.points, theirs.points)

    def test_keeps_neither_pickles_nor_rows_of_users(self, method, tmp_path):
        Collaborative(method=method).fit(CIRCLES.training()).save(tmp_path)

        assert {path.suffix for path in tmp_path.iterdir()} == {".npy", ".json"}
        for path in tmp_path.glob("*.npy"):
            np.load(path, allow_pickle=False)
        assert json.loads((tmp_path / "model.json").read_text())["method"] == method


class TestSparseLinks:
    @pytest.mark.parametrize(
        ("evenness", "damping", "shrinkage"),
        [(1, 0, 0), (0.25, 0, 0), (1, 0.7, 0), (1, 0, 2), (0.5, 0.5, 0.3)],
    )
    def test_are_the_cosines_of_what_events_are_worth_by_the_options(self, evenness, damping, shrinkage):
        random = np.random.default_rng(4)
        log = replace(
            CIRCLES.log(),
            actions=random.choice(sorted(set(Action)), len(CIRCLES.log())).astype(np.uint8),
            at=np.sort(CIRCLES.snapshot().now - random.integers(0, 200 * DAY, len(CIRCLES.log()))),
        )
        estimator = Collaborative(
            method="sparse",
            evenness=evenness,
            damping=damping,
            shrinkage=shrinkage,
            sparse_half_life_days=50,
        )

        model = estimator.fit(replace(CIRCLES.training(), log=log))

        matrix = np.zeros((9, len(model.product_ids)))
        for user, product, at, action in zip(log.user_ids, log.product_ids, log.at, log.actions, strict=True):
            if action != Action.DISMISS:
                unit = float(TABLE.weights[action] / TABLE.weights.max())
                fading = 0.5 ** ((CIRCLES.snapshot().now - at) / DAY / 50)
                matrix[user, np.searchsorted(model.product_ids, product)] += unit**evenness * fading
        assert np.allclose(dense(model.links), naive(np.minimum(matrix, 1), damping, shrinkage), atol=1e-5)


class TestSparseHistories:
    @given(seed=st.integers(0, 5_000), evenness=st.sampled_from([0.25, 0.5, 1]))
    @settings(deadline=None, max_examples=30)
    def test_counts_each_event_by_its_softened_worth_and_every_repeat(self, seed, evenness):
        random = np.random.default_rng(seed)
        rows = [random.integers(1, 8, random.integers(1, 9)).tolist() for _ in range(6)]
        world = World({n: Article() for n in range(1, 8)}, rows)
        snapshot = world.snapshot()
        histories = world.batch(snapshot)
        actions = random.choice(sorted(set(Action)), len(histories.actions)).astype(np.uint8)
        ages = random.integers(0, 400 * DAY, len(actions))
        histories = replace(histories, actions=actions, at=snapshot.now - ages, derived={})
        model = Collaborative(method="sparse", evenness=evenness).fit(world.training())

        columns, liking = model.bind(snapshot).tastes(histories)

        wanted: dict[tuple[int, int], float] = {}
        for user in range(len(rows)):
            for place in range(histories.events.starts[user], histories.events.starts[user + 1]):
                action, age = actions[place], ages[place]
                fading = 0.5 ** (age / DAY / TABLE.half_life_days[action])
                worth = TABLE.weights[action] / TABLE.weights.max() * fading
                key = user, int(snapshot.product_ids[histories.events.flat[place]])
                wanted[key] = wanted.get(key, 0) + float(np.sign(worth) * abs(worth) ** evenness)
        ids = model.product_ids[columns.flat].tolist()
        found = dict(zip(zip(columns.rows().tolist(), ids, strict=True), liking.tolist(), strict=True))
        assert found == pytest.approx(wanted, abs=1e-5)

    def test_counts_as_before_in_a_model_of_before_there_was_evenness(self):
        world = World({n: Article() for n in (1, 2)}, [[1, 1, 1, 1, 1, 1, 2], [1, 2]])
        snapshot = world.snapshot()
        model = Collaborative(method="sparse").fit(world.training())
        former = replace(model, record={"method": "sparse"})

        liking = former.bind(snapshot).tastes(world.batch(snapshot))[1]

        assert liking.tolist() == pytest.approx([1, 0.2, 0.2, 0.2], abs=1e-3)


class TestRetriever:
    @given(seed=st.integers(0, 5_000))
    @settings(deadline=None, max_examples=30)
    def test_sums_up_as_a_dense_product_would(self, seed):
        random = np.random.default_rng(seed)
        rows = [random.integers(1, 15, random.integers(0, 6)).tolist() for _ in range(8)]
        world = World({n: Article(popularity=n % 4) for n in range(1, 15)}, [*rows, [1, 2]])
        snapshot = world.snapshot()
        model = Collaborative(method="ease", regularisation=1, neighbours=4).fit(world.training())
        histories = world.batch(snapshot)
        retriever = model.bind(snapshot)

        found = retriever.retrieve(
            histories, allowed=Mask(snapshot.active, empty(len(histories))), k=len(snapshot)
        )

        n = len(model.product_ids)
        links = np.zeros((n, n))
        for row in range(n):
            mine = slice(model.links.starts[row], model.links.starts[row + 1])
            links[row, model.links.columns[mine]] = model.links.weights[mine]
        for user, history in enumerate(world.histories):
            liking = np.zeros(n)
            for product in history:
                liking[np.searchsorted(model.product_ids, product)] += 0.2
            scores = np.minimum(liking, 1) @ links
            wanted = np.zeros(len(snapshot))
            wanted[snapshot.locate(model.product_ids)] = np.maximum(scores, 0)
            points = np.zeros(len(snapshot))
            shown = found.positions[user] >= 0
            points[found.positions[user][shown]] = found.points[user][shown]
            assert np.allclose(points, wanted * POINTS, atol=2)

    def test_names_no_dismissed_product_as_a_ground(self):
        snapshot = CIRCLES.snapshot()
        histories = dismissing(CIRCLES.batch(snapshot).take(np.array([6])), snapshot, 2)
        retriever = Collaborative(method="ease", regularisation=1).fit(CIRCLES.training()).bind(snapshot)
        allowed = Mask(snapshot.active, seen(histories, len(snapshot)))
        found = retriever.retrieve(histories, allowed=allowed, k=7)

        reasons = retriever.reasons(histories, found)

        named = {why.value for one in reasons[0] for why in one if why.kind is ReasonKind.BECAUSE}
        assert named == {12}

    def test_offers_nothing_to_who_only_dismissed(self):
        snapshot = CIRCLES.snapshot()
        histories = dismissing(CIRCLES.batch(snapshot), snapshot, 1, 2)
        retriever = Collaborative(method="ease", regularisation=1).fit(CIRCLES.training()).bind(snapshot)
        allowed = Mask(snapshot.active, seen(histories, len(snapshot)))

        found = retriever.retrieve(histories, allowed=allowed, k=7)

        assert found.lengths[[2, 7]].tolist() == [0, 0]
        assert (found.lengths[[3, 5, 6]] > 0).all()

    def test_answers_one_user_as_it_answers_many(self):
        snapshot = CIRCLES.snapshot()
        histories = CIRCLES.batch(snapshot)
        allowed = Mask(snapshot.active, seen(histories, len(snapshot)))
        retriever = Collaborative(regularisation=1).fit(CIRCLES.training()).bind(snapshot)

        together = retriever.retrieve(histories, allowed=allowed, k=4)

        for user in range(len(histories)):
            one = np.array([user])
            alone = retriever.retrieve(
                histories.take(one), allowed=Mask(allowed.everyone, allowed.own.take(one)), k=4
            )
            assert alone.positions[0].tolist() == together.positions[user].tolist()
            assert alone.points[0].tolist() == together.points[user].tolist()
