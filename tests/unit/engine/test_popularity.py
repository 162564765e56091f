"""The most popular products that a user may see."""

from itertools import chain

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recommendations.engine.histories import Mask
from recommendations.engine.popularity import most_popular
from recommendations.engine.ragged import Ragged, starts_of


class TestMostPopular:
    @given(st.data())
    def test_agrees_with_the_naive_reference(self, data: st.DataObject):
        n = data.draw(st.integers(0, 400))
        everyone = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)), bool)
        rows = data.draw(
            st.lists(st.lists(st.integers(0, max(n - 1, 0)), max_size=5 if n else 0), min_size=1, max_size=4)
        )
        k = data.draw(st.integers(1, 12))
        own = Ragged(
            starts_of(np.array([len(row) for row in rows])), np.array([*chain.from_iterable(rows)], np.int64)
        )

        found = most_popular(allowed=Mask(everyone, own), k=k)

        for positions, row in zip(found.positions.tolist(), rows, strict=True):
            naive = [position for position in range(n) if everyone[position] and position not in row][:k]
            assert [position for position in positions if position >= 0] == naive

    def test_looks_further_where_the_first_products_are_closed(self):
        everyone = np.zeros(10_000, bool)
        everyone[[7_000, 9_999]] = True

        found = most_popular(allowed=Mask(everyone, Ragged(np.array([0, 0]), np.array([], np.int64))), k=2)

        assert found.positions.tolist() == [[7_000, 9_999]]
