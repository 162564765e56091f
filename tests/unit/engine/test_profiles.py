"""User profiles."""

import numpy as np
import pytest

from recommendations.engine import matching as module
from recommendations.engine.matching import profiles
from tests.worlds import Article, World


def favourites(world: World, categories: int = 3, tags: int = 5) -> list[tuple[list[str], list[str]]]:
    snapshot = world.snapshot()
    histories = world.batch(snapshot)
    found = profiles(histories, top_categories=categories, top_tags=tags)
    return [
        (
            [histories.features.categories.names[code] for code in mine if code >= 0],
            [histories.features.tag_names.names[code] for code in theirs if code >= 0],
        )
        for mine, theirs in zip(found.categories.tolist(), found.tags.tolist(), strict=True)
    ]


class TestProfiles:
    def test_counts_every_event_once(self):
        world = World({1: Article("A"), 2: Article("B")}, [[1, 2, 2]])

        assert favourites(world)[0][0] == ["B", "A"]

    def test_prefers_the_more_recent_among_equals(self):
        world = World({1: Article("A"), 2: Article("B")}, [[2, 1]])

        assert favourites(world)[0][0] == ["B", "A"]

    def test_orders_tags_of_the_same_event_by_name_in_code_point_order(self):
        world = World({1: Article("A", frozenset({"b", "B", "é", "a"}))}, [[1]])

        assert favourites(world)[0][1] == ["B", "a", "b", "é"]

    def test_keeps_only_as_many_as_asked(self):
        world = World({n: Article(f"C{n}", frozenset({f"t{n}"})) for n in range(1, 9)}, [[1, 2, 3, 4, 5, 6]])

        assert favourites(world) == [(["C1", "C2", "C3"], ["t1", "t2", "t3", "t4", "t5"])]

    def test_leaves_out_products_without_category_or_tags(self):
        world = World({1: Article(None), 2: Article("A")}, [[1, 2]])

        assert favourites(world) == [(["A"], [])]

    def test_is_empty_without_history(self):
        world = World({1: Article("A")}, [[], [1], []])

        assert [mine for mine, _ in favourites(world)] == [[], ["A"], []]

    @pytest.mark.parametrize("budget", [1, 64, 10**6])
    def test_does_not_depend_on_the_size_of_the_blocks(self, budget: int, monkeypatch: pytest.MonkeyPatch):
        articles = {n: Article(f"C{n % 4}", frozenset({f"t{n % 3}", f"t{n % 5}"})) for n in range(1, 30)}
        rng = np.random.default_rng(7)
        world = World(articles, [rng.integers(1, 30, n).tolist() for n in (0, 5, 40, 1, 0, 12)])
        expected = favourites(world)

        monkeypatch.setattr(module, "BLOCK_BYTES", budget)

        assert favourites(world) == expected
