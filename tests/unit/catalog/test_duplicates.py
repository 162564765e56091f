"""Tests of the counting of identical events."""

import random
from collections import Counter
from contextlib import closing

import pytest

from catalog.importing.duplicates import DuplicateCounter

NOON, USER, PRODUCT, VIEW = 1_000_000, 1, 2, 0


class TestOrdinals:
    def test_begin_with_one(self):
        with closing(DuplicateCounter()) as seen:
            assert seen.count([(NOON, USER, PRODUCT, VIEW)]) == [1]

    def test_go_up_with_each_identical_event(self):
        with closing(DuplicateCounter()) as seen:
            assert seen.count([(NOON, USER, PRODUCT, VIEW)] * 3) == [1, 2, 3]

    def test_go_on_from_one_part_to_the_next(self):
        event, other = (NOON, USER, PRODUCT, VIEW), (NOON, USER, PRODUCT, VIEW + 1)

        with closing(DuplicateCounter()) as seen:
            assert seen.count([event, event]) == [1, 2]
            assert seen.count([other]) == [1]
            assert seen.count([other, event, event]) == [2, 3, 4]

    @pytest.mark.parametrize("n_kinds", [3, 50, 5_000])
    def test_are_those_of_a_plain_count(self, n_kinds):
        chance = random.Random(n_kinds)
        events = [(chance.randrange(n_kinds), USER, PRODUCT, VIEW) for _ in range(2_000)]
        counts: Counter[tuple[int, int, int, int]] = Counter()
        expected = []
        for event in events:
            counts[event] += 1
            expected.append(counts[event])

        with closing(DuplicateCounter()) as seen:
            ordinals = [n for start in range(0, 2_000, 130) for n in seen.count(events[start : start + 130])]

        assert ordinals == expected
