"""Quality metrics, compared with their formulas."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommendations.engine import metrics
from recommendations.engine.ragged import Ragged, starts_of
from tests.worlds import Article, World

N = 30
WORLD = World(
    {
        n: Article(
            "AB"[n % 2] if n % 5 else None,
            frozenset({f"t{n % 3}", f"t{n % 4}"} if n % 7 else ()),
            popularity=n,
        )
        for n in range(1, N + 1)
    }
)


def ragged(rows: list[list[int]]) -> Ragged:
    return Ragged(
        starts_of(np.array([len(row) for row in rows], np.int64)),
        np.array([value for row in rows for value in row], np.int64),
    )


def padded(rows: list[list[int]], k: int) -> np.ndarray:
    return np.array([row + [-1] * (k - len(row)) for row in rows], np.int64)


@st.composite
def measured(draw: st.DrawFn) -> tuple[list[list[int]], list[list[int]]]:
    row = st.lists(st.integers(0, N - 1), max_size=20, unique=True)
    lists = draw(st.lists(row, min_size=1, max_size=5))
    new = [draw(st.lists(st.integers(0, N - 1), min_size=1, max_size=15, unique=True)) for _ in lists]
    return lists, new


class TestAccuracy:
    @given(measured())
    def test_agrees_with_the_formulas(self, case: tuple[list[list[int]], list[list[int]]]):
        lists, new = case

        found = metrics.hits(padded(lists, 20), ragged([sorted(row) for row in new]), N)

        for user, (row, wanted) in enumerate(zip(lists, new, strict=True)):
            gain = sum(1 / math.log2(i + 2) for i, p in enumerate(row[:10]) if p in wanted)
            ideal = sum(1 / math.log2(i + 2) for i in range(min(10, len(wanted))))
            precisions = [
                len(set(row[: i + 1]) & set(wanted)) / (i + 1) for i, p in enumerate(row[:10]) if p in wanted
            ]
            assert metrics.ndcg(found)[user] == pytest.approx(gain / ideal)
            assert metrics.recall(found)[user] == pytest.approx(len(set(row) & set(wanted)) / len(wanted))
            assert metrics.hit_rate(found)[user] == bool(set(row[:10]) & set(wanted))
            assert metrics.average_precision(found)[user] == pytest.approx(
                sum(precisions) / min(10, len(wanted))
            )


class TestBeyondAccuracy:
    @given(measured())
    def test_agrees_with_the_formulas(self, case: tuple[list[list[int]], list[list[int]]]):
        lists, _ = case
        snapshot = WORLD.snapshot()
        articles = [WORLD.articles[key] for key in snapshot.product_ids.tolist()]
        total = sum(article.popularity for article in articles)

        found = padded(lists, 20)
        news, spread = metrics.novelty(found, snapshot), metrics.diversity(found, snapshot)

        for user, row in enumerate(lists):
            shown = [articles[p] for p in row[:10]]
            bits = [-math.log2(article.popularity / total) for article in shown]
            have = [set(a.tags) | ({("category", a.category)} if a.category else set()) for a in shown]
            apart = [
                1 - (len(x & y) / len(x | y) if x | y else 0)
                for i, x in enumerate(have)
                for y in have[i + 1 :]
            ]
            assert news[user] == pytest.approx(np.mean(bits) if bits else np.nan, nan_ok=True)
            assert spread[user] == pytest.approx(np.mean(apart) if apart else np.nan, nan_ok=True)
        assert metrics.coverage(found, N) == len({p for row in lists for p in row[:10]}) / N


class TestInterval:
    def test_holds_the_mean_and_narrows_with_more_users(self):
        values = np.random.default_rng(1).random(4_000)

        narrow, wide = metrics.interval(values, seed=1), metrics.interval(values[:100], seed=1)

        assert narrow[0] < values.mean() < narrow[1]
        assert narrow[1] - narrow[0] < (wide[1] - wide[0]) / 3

    def test_is_the_same_for_the_same_seed(self):
        values = np.random.default_rng(1).random(50)

        assert metrics.interval(values, seed=7) == metrics.interval(values, seed=7)

    def test_does_not_depend_on_the_size_of_the_blocks(self, monkeypatch: pytest.MonkeyPatch):
        values = np.random.default_rng(1).random(50)
        whole = metrics.interval(values, seed=7)

        monkeypatch.setattr(metrics, "_BLOCK", 130)

        assert metrics.interval(values, seed=7) == whole

    def test_leaves_out_what_cannot_be_said(self):
        assert metrics.interval(np.array([np.nan, 2.0]), seed=1) == (2.0, 2.0)
        assert np.isnan(metrics.interval(np.array([np.nan]), seed=1)).all()
