"""Values passed to another process through a folder."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from recommendations.processes.transfer import dump, load
from tests.worlds import Article, World

ARRAYS = arrays.arrays(
    st.sampled_from([np.int64, np.uint8, np.bool_, np.float64]), arrays.array_shapes(min_side=0)
)


class TestHandOver:
    @settings(deadline=None)  # it writes files
    @given(st.lists(ARRAYS, max_size=4))
    def test_gives_back_arrays_of_any_shape(
        self, tmp_path_factory: pytest.TempPathFactory, values: list[np.ndarray]
    ):
        folder = tmp_path_factory.mktemp("handed")

        dump(values, folder)

        for back, value in zip(load(folder), values, strict=True):
            assert back.dtype == value.dtype
            assert back.flags.aligned
            np.testing.assert_array_equal(back, value)

    def test_gives_back_a_snapshot_whose_arrays_are_mapped(self, tmp_path: Path):
        snapshot = World({n: Article("Audio", frozenset({"a"}), popularity=n) for n in range(9)}).snapshot()

        dump(snapshot, tmp_path)
        back = load(tmp_path)

        assert back.features.categories == snapshot.features.categories
        assert back.product_ids.tolist() == snapshot.product_ids.tolist()
        assert not back.product_ids.flags.writeable
