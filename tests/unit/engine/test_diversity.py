"""Diverse lists, compared with a naive implementation."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommendations.engine.diversity import diversified
from recommendations.engine.histories import Candidates
from recommendations.engine.ragged import Ragged
from tests.worlds import Article, World


def naive(
    points: list[int], made_of: list[set[str]], diversity: float, k: int, held: list[set[str]]
) -> list[int]:
    """Return the indices in the order of selection, by the formula as published."""
    chosen: list[int] = []

    def relevance(place: int) -> float:
        return points[place] / max(points) if max(points) > 0 else 1 / math.log2(place + 2)

    while len(chosen) < min(k, len(points)):

        def gain(place: int) -> float:
            alike = [
                len(made_of[place] & other) / max(len(made_of[place] | other), 1)
                for other in [*held, *(made_of[one] for one in chosen)]
            ]
            return (1 - diversity) * relevance(place) - diversity * max(alike, default=0)

        rest = [place for place in range(len(points)) if place not in chosen]
        best = max(round(gain(place), 9) for place in rest)
        chosen.append(next(place for place in rest if round(gain(place), 9) == best))
    return chosen


def offered(points: list[int]) -> Candidates:
    return Candidates(np.arange(len(points))[None, :], np.array([points], np.int64))


class TestDiversified:
    @given(
        st.lists(
            st.tuples(
                st.integers(0, 9),
                st.sampled_from([None, "A", "B"]),
                st.frozensets(st.sampled_from("xyz"), max_size=3),
            ),
            min_size=1,
            max_size=9,
        ),
        st.sampled_from([0.0, 0.25, 0.5, 1.0]),
        st.integers(1, 10),
        st.integers(0, 3),
        st.booleans(),
    )
    def test_agrees_with_the_rule_as_it_is_written(
        self,
        articles: list[tuple[int, str | None, frozenset[str]]],
        diversity: float,
        k: int,
        n_held: int,
        for_nothing: bool,
    ):
        articles.sort(key=lambda article: -article[0])
        n = max(len(articles) - n_held, 1)  # the list holds the last ones already
        snapshot = World(
            {key: Article(category, tags) for key, (_, category, tags) in enumerate(articles, 1)}
        ).snapshot()
        points = [0 if for_nothing else points for points, *_ in articles[:n]]
        held = np.arange(n, len(articles))

        found = diversified(
            offered(points),
            snapshot.features,
            diversity=diversity,
            k=k,
            held=Ragged(np.array([0, len(held)]), held),
        )

        made_of = [{*tags, *([f"in {category}"] if category else [])} for _, category, tags in articles]
        order = naive(points, made_of[:n], diversity, k, made_of[n:])
        assert found.positions[0, : len(order)].tolist() == order
        assert found.points[0, : len(order)].tolist() == [points[place] for place in order]
        assert (found.positions[0, len(order) :] == -1).all()

    @pytest.mark.parametrize("points", [[10, 9, 8], [0, 0, 0]])
    def test_puts_something_else_second(self, points: list[int]):
        features = World({1: Article("A"), 2: Article("A"), 3: Article("B")}).snapshot().features

        found = diversified(offered(points), features, diversity=0.5, k=3)

        assert found.positions.tolist() == [[0, 2, 1]]

    def test_puts_something_else_first_than_what_the_list_holds(self):
        features = World({1: Article("A"), 2: Article("B"), 3: Article("A")}).snapshot().features
        held = Ragged(np.array([0, 1]), np.array([2]))

        found = diversified(offered([0, 0]), features, diversity=0.5, k=2, held=held)

        assert found.positions.tolist() == [[1, 0]]
