"""Lists whose products differ."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recommendations.engine.candidates import Candidates
from recommendations.engine.diversity import diversified
from recommendations.engine.snapshot import Snapshot
from tests.worlds import Article, World


def naive(points: list[int], made_of: list[set[str]], diversity: float, k: int) -> list[int]:
    """Return the places in the order of choice, by the rule as it is written."""
    chosen: list[int] = []
    while len(chosen) < min(k, len(points)):

        def gain(place: int) -> float:
            alike = [
                len(made_of[place] & made_of[other]) / max(len(made_of[place] | made_of[other]), 1)
                for other in chosen
            ]
            return (1 - diversity) * points[place] / max(*points, 1) - diversity * max(alike, default=0)

        rest = [place for place in range(len(points)) if place not in chosen]
        best = max(round(gain(place), 9) for place in rest)
        chosen.append(next(place for place in rest if round(gain(place), 9) == best))
    return chosen


def offered(snapshot: Snapshot, points: list[int]) -> Candidates:
    return Candidates(np.arange(len(points))[None, :], np.array([points], np.int64))


class TestDiversified:
    @given(
        st.lists(
            st.tuples(
                st.integers(1, 9),
                st.sampled_from([None, "A", "B"]),
                st.frozensets(st.sampled_from("xyz"), max_size=3),
            ),
            min_size=1,
            max_size=9,
        ),
        st.sampled_from([0.0, 0.25, 0.5, 1.0]),
        st.integers(1, 10),
    )
    def test_agrees_with_the_rule_as_it_is_written(
        self, articles: list[tuple[int, str | None, frozenset[str]]], diversity: float, k: int
    ):
        articles.sort(key=lambda article: -article[0])
        world = World({n: Article(category, tags) for n, (_, category, tags) in enumerate(articles, 1)})
        points = [points for points, *_ in articles]

        found = diversified(
            offered(world.snapshot(), points), world.snapshot().features, diversity=diversity, k=k
        )

        made_of = [{*tags, *([f"in {category}"] if category else [])} for _, category, tags in articles]
        order = naive(points, made_of, diversity, k)
        assert found.positions[0, : len(order)].tolist() == order
        assert found.points[0, : len(order)].tolist() == [points[place] for place in order]
        assert (found.positions[0, len(order) :] == -1).all()

    def test_puts_something_else_second(self):
        world = World({1: Article("A"), 2: Article("A"), 3: Article("B")})

        found = diversified(
            offered(world.snapshot(), [10, 9, 8]), world.snapshot().features, diversity=0.5, k=3
        )

        assert found.positions.tolist() == [[0, 2, 1]]
