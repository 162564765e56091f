"""Encoded ids, compared with numpy's unique."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recommendations.engine.codes import coded, distinct


class TestCoded:
    @given(
        ids=st.lists(st.integers(0, 30))
        | st.lists(st.integers(-5, 5))
        | st.lists(st.integers(2**40, 2**40 + 9))
    )
    def test_says_what_unique_says(self, ids):
        values, codes, counts = np.unique(np.array(ids, np.int64), return_inverse=True, return_counts=True)

        found = coded(np.array(ids, np.int64))

        assert found.values.tolist() == values.tolist()
        assert found.codes.tolist() == codes.tolist()
        assert found.counts.tolist() == counts.tolist()

    def test_takes_half_the_width_for_codes_and_all_of_it_for_ids(self):
        for ids in ([3, 1, 3], [-3, 1, 2**40]):
            found = coded(np.array(ids, np.int64))

            assert (found.codes.dtype, found.values.dtype) == (np.int32, np.int64)


class TestDistinct:
    @given(keys=st.lists(st.integers(-9, 9)))
    def test_gives_each_key_once_rising(self, keys):
        assert distinct(np.array(keys, np.int64)).tolist() == sorted(set(keys))
