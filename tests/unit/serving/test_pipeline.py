"""Pipeline: compared with a naive reference, and its rules one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommendations.engine.matching import THOUSANDTHS
from recommendations.engine.reasons import Reason, ReasonKind
from recommendations.pipeline import Pick, Pipeline, Query, Ranking
from recommendations.strategies.base import Strategy, Training
from recommendations.strategies.content import Content
from recommendations.strategies.popular import Popular
from recommendations.strategies.trending import TrendingRetriever
from recommendations.strategies.untrained import Untrained
from tests.worlds import TABLE, Article, World

NOTHING = np.zeros(0, np.int64)


def rank(world: World, n: int, excluded: list[int] | None = None) -> list[Ranking]:
    snapshot = world.snapshot()
    pipeline = Pipeline(snapshot, Content.from_options().bind(snapshot), (Popular().bind(snapshot),))
    positions = snapshot.locate(np.array(excluded or [], np.int64))
    return pipeline.rank(world.batch(snapshot), Query(n, excluded=positions))


def ids(ranking: Ranking) -> list[int]:
    return [pick.product_id for pick in ranking.picks]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    articles = draw(
        st.dictionaries(
            st.integers(1, 99),
            st.builds(
                Article,
                category=st.sampled_from([None, "A", "B", "C", "D", "E", "é"]),
                tags=st.frozensets(st.sampled_from(["p", "q", "r", "s", "t", "u", "v", "Z"]), max_size=4),
                active=st.sampled_from([True, True, True, False]),
                popularity=st.integers(0, 3),
            ),
            max_size=25,
        )
    )
    keys = sorted(articles)
    events = st.lists(st.sampled_from(keys), max_size=20) if keys else st.just([])
    young = draw(st.frozensets(st.sampled_from(keys), max_size=3)) if keys else frozenset()
    return World(articles, draw(st.lists(events, min_size=1, max_size=4)), young)


class TestPipeline:
    @given(worlds(), st.integers(1, 30))
    def test_agrees_with_the_naive_reference_on_every_shop(self, world: World, n: int):
        rankings = rank(world, n)

        for user, ranking in enumerate(rankings):
            got = [
                (
                    pick.product_id,
                    pick.score // THOUSANDTHS,
                    [(reason.kind, reason.value, reason.points // THOUSANDTHS) for reason in pick.reasons],
                )
                for pick in ranking.picks
            ]
            assert (got, ranking.matched) == world.naive(user, n)

    @given(worlds(), st.integers(1, 30))
    def test_returns_the_same_list_for_a_user_alone_and_in_a_batch(self, world: World, n: int):
        together = rank(world, n)

        alone = [rank(World(world.articles, [history], world.young), n)[0] for history in world.histories]

        assert alone == together

    @given(worlds(), st.integers(1, 20))
    def test_begins_a_longer_list_with_the_shorter_one(self, world: World, n: int):
        longer = rank(world, n + 7)

        shorter = rank(world, n)

        assert [r.picks[:n] for r in longer] == [r.picks for r in shorter]

    def test_never_shows_excluded_products_and_still_returns_n(self):
        world = World({k: Article("A", popularity=9 - k) for k in range(1, 6)}, [[1]])

        (ranking,) = rank(world, 3, excluded=[2])

        assert ids(ranking) == [3, 4, 5]

    def test_fills_up_with_popular_products_those_without_events_last(self):
        world = World(
            {1: Article("A"), 2: Article("A"), 3: Article("B"), 4: Article("B", popularity=2)}, [[1]]
        )

        (ranking,) = rank(world, 5)

        assert ids(ranking) == [2, 4, 3]
        assert ranking.matched
        assert ranking.picks[1].reasons == (Reason(ReasonKind.POPULAR, 2, 0),)

    def test_says_that_nothing_matched_when_the_whole_list_is_popular(self):
        world = World({1: Article(None), 2: Article("B")}, [[1]])

        (ranking,) = rank(world, 5)

        assert ids(ranking) == [2]
        assert not ranking.matched

    def test_returns_an_empty_list_when_everything_was_interacted_with(self):
        world = World({1: Article("A"), 2: Article("A")}, [[1, 2]])

        (ranking,) = rank(world, 5)

        assert ranking == Ranking((), False, "popular")

    def test_returns_an_empty_list_from_an_empty_catalogue(self):
        (ranking,) = rank(World({}, [[]]), 5)

        assert ranking == Ranking((), False, "popular")

    def test_names_the_category_first_and_then_tags_as_the_user_likes_them(self):
        world = World(
            {
                1: Article("A", frozenset({"x", "y"})),
                2: Article("A", frozenset({"y"})),
                3: Article("A", frozenset({"x", "y", "z"})),
            },
            [[1, 2]],
        )

        (ranking,) = rank(world, 1)

        assert ranking.picks[0].reasons == (
            Reason(ReasonKind.CATEGORY, "A", 10_000),
            Reason(ReasonKind.TAG, "y", 3_000),
            Reason(ReasonKind.TAG, "x", 3_000),
        )

    def test_counts_events_on_products_newer_than_the_snapshot(self):
        world = World({1: Article("A"), 2: Article("B"), 3: Article("B")}, [[3]], young=frozenset({3}))

        (ranking,) = rank(world, 5)

        assert ids(ranking) == [2, 1]
        assert ranking.picks[0].score == 10_000


class TestPick:
    def test_refuses_reasons_that_do_not_add_up_to_the_score(self):
        with pytest.raises(ValueError, match="do not add up"):
            Pick(1, 16_000, (Reason(ReasonKind.CATEGORY, "A", 10_000),))


class TestFilledBy:
    WORLD = World({1: Article("A", popularity=2), 2: Article("B", popularity=1)}, [[]])

    def rank(self, trending: list[int], excluded: list[int] | None = None) -> Ranking:
        """Return the list of a user without a history when these products trend."""
        snapshot = self.WORLD.snapshot()
        points = np.zeros(len(snapshot) + 1, np.int64)
        order = snapshot.locate(np.array(trending, np.int64))
        points[order] = 1
        fillers = (TrendingRetriever(order, points, points), Popular().bind(snapshot))
        pipeline = Pipeline(snapshot, Untrained(), fillers, "trending")
        query = Query(2, excluded=snapshot.locate(np.array(excluded or [], np.int64)))
        return pipeline.rank(self.WORLD.batch(snapshot), query)[0]

    def test_names_what_the_list_begins_with(self):
        assert (ids(self.rank([2])), self.rank([2]).filled_by) == ([2, 1], "trending")

    def test_does_not_name_trending_when_nothing_trends(self):
        assert (ids(self.rank([])), self.rank([]).filled_by) == ([1, 2], "popular")

    def test_is_the_last_filler_when_nothing_may_be_shown(self):
        assert self.rank([2], excluded=[1, 2]) == Ranking((), False, "popular")

    def test_is_empty_without_fillers(self):
        pipeline = Pipeline(self.WORLD.snapshot(), Untrained(), (), "trending")

        assert pipeline.rank(self.WORLD.batch(pipeline.snapshot), Query(2)) == [Ranking((), False, "")]


class TestDiversity:
    # Ten lamps, more popular than ten of others.
    LAMPS = {n: Article("Lamps", popularity=50 - n) for n in range(1, 11)}
    OTHERS = {n: Article(f"C{n}", popularity=50 - n) for n in range(11, 21)}

    def rank(self, strategy: Strategy, history: list[int], query: Query) -> Ranking:
        world = World(self.LAMPS | self.OTHERS, [history, []])
        snapshot = world.snapshot()
        popular = Popular().bind(snapshot)
        trending = TrendingRetriever(np.zeros(0, np.int64), *np.zeros((2, len(snapshot) + 1), np.int64))
        model = strategy.fit(Training(snapshot, world.log(), TABLE))
        pipeline = Pipeline(snapshot, model.bind(snapshot), (trending, popular), "trending")
        return pipeline.rank(world.batch(snapshot), query)[0]

    def test_shows_different_categories_when_all_scores_are_the_same(self):
        plain = self.rank(Popular(), [], Query(4))
        diverse = self.rank(Popular(), [], Query(4, diversity=0.5))

        assert (ids(plain), ids(diverse)) == ([1, 2, 3, 4], [1, 11, 12, 13])

    def test_keeps_the_order_when_it_is_small(self):
        assert ids(self.rank(Popular(), [], Query(4, diversity=0.01))) == [1, 2, 3, 4]

    def test_fills_up_with_products_unlike_those_in_the_list(self):
        """19 shares a tag with 20, the history; 1 is the most popular, and shares its category with 19."""
        tagged = frozenset({"red"})
        articles = {
            20: Article("B", tagged, popularity=1),
            19: Article("C", tagged, popularity=1),
            1: Article("C", popularity=9),
            2: Article("D", popularity=8),
        }
        world = World(articles, [[20]])
        snapshot = world.snapshot()
        pipeline = Pipeline(snapshot, Content.from_options().bind(snapshot), (Popular().bind(snapshot),))
        histories = world.batch(snapshot)

        (plain,) = pipeline.rank(histories, Query(3))
        (diverse,) = pipeline.rank(histories, Query(3, diversity=0.5))

        assert (ids(plain), ids(diverse)) == ([19, 1, 2], [19, 2, 1])
        assert [pick.reasons for pick in diverse.picks[1:]] == [
            (Reason(ReasonKind.POPULAR, 8, 0),),
            (Reason(ReasonKind.POPULAR, 9, 0),),
        ]

    @pytest.mark.parametrize("diversity", [0.3, 1.0])
    @pytest.mark.parametrize("strategy", [Popular(), Content.from_options()])
    def test_shows_n_distinct_products_if_there_are_n(self, strategy: Strategy, diversity: float):
        for n in (3, 15, 19, 30):
            found = ids(self.rank(strategy, [1], Query(n, diversity=diversity)))

            assert len(found) == len(set(found)) == min(n, 19)

    @pytest.mark.parametrize("strategy", [Popular(), Content.from_options()])
    def test_begins_a_longer_list_with_the_shorter_one(self, strategy: Strategy):
        longer = self.rank(strategy, [1], Query(19, diversity=0.4))

        for n in (1, 8, 12):
            assert self.rank(strategy, [1], Query(n, diversity=0.4)).picks == longer.picks[:n]
