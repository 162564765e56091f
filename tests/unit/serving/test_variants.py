"""One product of each group: compared with a naive reference, for every strategy and placement."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommendations.engine import variants
from recommendations.engine.features import Groups
from recommendations.engine.histories import Histories, dismissed, seen
from recommendations.engine.ragged import Ragged, empty
from recommendations.engine.snapshot import Snapshot
from recommendations.pipeline import Pick, Pipeline, Query, Ranking
from recommendations.serving.ranker import ProductLookup, Ranker
from recommendations.strategies.base import Retriever, Strategy
from recommendations.strategies.collaborative import Collaborative
from recommendations.strategies.content import Content
from recommendations.strategies.hybrid import Hybrid
from recommendations.strategies.popular import Popular
from recommendations.strategies.replenishment import BuyAgain
from recommendations.strategies.similar import Similar
from recommendations.strategies.together import Together
from recommendations.strategies.trending import Trending
from tests.unit.strategies.test_hybrid import shop, some_histories

N_PRODUCTS = len(shop().snapshot)
LISTS = ["content", "popular", "trending", "collaborative", "hybrid", "together"]
PLACEMENTS = ["similar", "buy again", "bought together"]
# Few groups, so that they are large, and some products without one.
GROUPS = st.lists(st.integers(-1, 9), min_size=N_PRODUCTS, max_size=N_PRODUCTS) | st.builds(
    lambda n: [at // n for at in range(N_PRODUCTS)], st.integers(1, N_PRODUCTS)
)


@cache
def bound(name: str) -> Retriever:
    made: dict[str, Callable[[], Strategy]] = {
        "content": Content.from_options,
        "popular": Popular,
        "trending": lambda: Trending.from_options(half_life_days=2),
        "collaborative": lambda: Collaborative(neighbours=9),
        "hybrid": lambda: Hybrid(windows=0),
        "together": lambda: Together.from_options(time_zone="UTC"),
    }
    return made[name]().fit(shop()).bind(shop().snapshot)


def pipeline(name: str) -> Pipeline:
    """Return the pipeline of a strategy or a placement over the shop, which has no groups."""
    snapshot = shop().snapshot
    if name in LISTS:
        fillers = (bound("trending"), bound("popular")) if name == "collaborative" else (bound("popular"),)
        return Pipeline(snapshot, bound(name), fillers)
    retrievers = {
        "similar": lambda: Similar(bound("content"), bound("collaborative"), 1),
        "buy again": lambda: BuyAgain(snapshot, snapshot.now, "UTC"),
        "bought together": lambda: bound("together"),
    }
    return Pipeline(snapshot, retrievers[name](), ())


def grouped(of: Pipeline, codes: list[int]) -> Pipeline:
    names = [f"group {code}" if code >= 0 else "" for code in codes]
    groups = Groups.of(N_PRODUCTS, np.arange(N_PRODUCTS), names)
    return replace(of, snapshot=replace(of.snapshot, groups=groups))


def nothing_hidden(histories: Histories, n_products: int) -> Ragged:
    return empty(len(histories))


def naive(of: Pipeline, codes: list[int], histories: Histories, query: Query) -> list[tuple[Pick, ...]]:
    """Rank all products without groups, and keep the first of each."""
    positions = {key: at for at, key in enumerate(of.snapshot.product_ids.tolist())}
    lists = []
    for ranking in of.rank(histories, replace(query, n=N_PRODUCTS)):
        held: set[int] = set()
        kept = []
        for pick in ranking.picks:
            code = codes[positions[pick.product_id]]
            if code not in held:
                kept.append(pick)
                held |= {code} - {-1}
        lists.append(tuple(kept[: query.n]))
    return lists


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin with few candidates, and look at few users at once."""
    monkeypatch.setattr(variants, "_FEWEST", 1)
    monkeypatch.setattr(variants, "_BLOCK", 40)


def picks(rankings: list[Ranking]) -> list[tuple[Pick, ...]]:
    return [ranking.picks for ranking in rankings]


@st.composite
def queries(draw: st.DrawFn) -> Query:
    allowed = draw(st.none() | st.lists(st.booleans(), min_size=N_PRODUCTS, max_size=N_PRODUCTS))
    return Query(
        n=draw(st.integers(1, 20)),
        allowed=None if allowed is None else np.array(allowed),
        excluded=np.array(draw(st.lists(st.integers(0, N_PRODUCTS - 1), max_size=9)), np.int64),
        hidden=draw(st.sampled_from([seen, dismissed, nothing_hidden])),
    )


class TestEachList:
    @pytest.mark.parametrize("name", LISTS + PLACEMENTS)
    @given(codes=GROUPS, query=queries(), n_users=st.integers(1, 4))
    @settings(max_examples=12)
    def test_holds_the_best_of_each_group_as_the_naive_reference_does(
        self, name: str, codes: list[int], query: Query, n_users: int
    ):
        histories = some_histories(n_users)

        found = grouped(pipeline(name), codes).rank(histories, query)

        assert picks(found) == naive(pipeline(name), codes, histories, query)

    @pytest.mark.parametrize("name", LISTS)
    @given(codes=GROUPS, n=st.integers(1, 12), diversity=st.sampled_from([0.0, 0.5, 1.0]))
    @settings(max_examples=8)
    def test_has_as_many_groups_as_asked_for_if_they_exist(
        self, name: str, codes: list[int], n: int, diversity: float
    ):
        query = Query(n, diversity=diversity, hidden=nothing_hidden)

        (ranking,) = grouped(pipeline(name), codes).rank(some_histories(1), query)

        positions = shop().snapshot.locate(np.array([pick.product_id for pick in ranking.picks]))
        held = [codes[at] for at in positions.tolist() if codes[at] >= 0]
        n_groups = len({code for code in codes if code >= 0}) + codes.count(-1)
        assert len(held) == len(set(held))
        assert len(ranking.picks) == min(n, n_groups)

    @given(codes=GROUPS, sold_out=st.frozensets(st.integers(1, N_PRODUCTS)))
    @settings(max_examples=12)
    def test_has_the_next_best_of_a_group_whose_best_has_just_sold_out(
        self, codes: list[int], sold_out: frozenset[int]
    ):
        def read(ids: Any) -> dict[int, Any]:
            return {key: Label(key not in sold_out) for key in ids}

        query, histories = Query(5), some_histories(1)
        (ranking,) = Ranker(grouped(pipeline("content"), codes)).rank(histories, query, ProductLookup(read))

        left = ~np.isin(shop().snapshot.product_ids, list(sold_out))
        assert [ranking.picks] == naive(pipeline("content"), codes, histories, replace(query, allowed=left))


class Label:
    name = "A product"

    def __init__(self, is_available: bool) -> None:
        self.is_available = is_available


class TestGroups:
    def test_cost_nothing_where_there_are_none(self):
        assert Groups.of(3, np.zeros(0, np.int64), []) is None
        assert shop().snapshot.groups is None

    def test_of_all_products_as_one_give_one_product(self, monkeypatch: pytest.MonkeyPatch):
        depths = []
        first_of_groups = variants.first_of_groups

        def watched(found: Any, *args: Any, **options: Any) -> Any:
            depths.append(found.positions.shape)
            return first_of_groups(found, *args, **options)

        monkeypatch.setattr(variants, "first_of_groups", watched)
        snapshot: Snapshot = shop().snapshot
        of = Pipeline(snapshot, bound("popular"), ())

        (ranking,) = grouped(of, [0] * N_PRODUCTS).rank(some_histories(1), Query(2, hidden=nothing_hidden))

        assert len(ranking.picks) == 1
        assert depths == [(1, 8), (1, 32), (1, N_PRODUCTS)]  # and no deeper than the catalogue
