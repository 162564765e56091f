"""The peak of memory is that of the process itself."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np

from recommendations.evaluation.measure import peak_mb


class TestPeak:
    def test_leaves_out_what_the_process_that_started_it_held(self):
        held = np.ones(40_000_000)  # 320 MB

        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
            own = alone.submit(peak_mb).result()

        assert 10 < own < peak_mb() - held.nbytes / 2**20 / 2
