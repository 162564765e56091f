"""Retriever features, compared with values computed pair by pair."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommendations.engine.ltr.affinity import DEEPEST, affinity
from recommendations.engine.neighbours import Sums
from recommendations.engine.ragged import Ragged, starts_of


def ragged(rows: list[np.ndarray]) -> Ragged:
    return Ragged(starts_of(np.array([len(row) for row in rows])), np.concatenate(rows).astype(np.int64))


class TestAffinity:
    @given(seed=st.integers(0, 10_000))
    @settings(deadline=None, max_examples=50)
    def test_is_score_share_of_the_best_and_rank_among_what_was_not_met(self, seed):
        random = np.random.default_rng(seed)
        n, users = 12, 3
        touched = [random.permutation(n)[: random.integers(0, n)] for _ in range(users)]
        values = [random.integers(1, 9, len(row)).astype(np.float32) for row in touched]
        own = [random.permutation(n)[: random.integers(0, 4)] for _ in range(users)]
        asked = [np.sort(np.setdiff1d(np.arange(n), row))[: random.integers(0, n)] for row in own]

        found = affinity(Sums(ragged(touched), np.concatenate(values)), ragged(asked), ragged(own), n)

        place = 0
        for user in range(users):
            score = dict(zip(touched[user].tolist(), values[user].tolist(), strict=True))
            others = [0.0 if p in own[user] else score[p] for p in score]
            best = max(others, default=0)
            for product in asked[user].tolist():
                mine = score.get(product, 0.0)
                assert found.score[place] == mine
                assert found.share[place] == pytest.approx(mine / best if best > 0 else 0)
                if others:
                    assert found.rank[place] == sum(other > mine for other in others)
                place += 1

    def test_ranks_no_deeper_than_deepest_in_a_long_history(self):
        n = DEEPEST + 50
        sums = Sums(ragged([np.arange(n)]), np.arange(1, n + 1, dtype=np.float32))
        best, last_ranked, deep = n - 1, n - DEEPEST, 0

        found = affinity(sums, ragged([np.array([deep, last_ranked, best])]), ragged([np.zeros(0)]), n)

        assert found.rank.tolist() == [DEEPEST, DEEPEST - 1, 0]
        assert found.share.tolist() == pytest.approx([1 / n, (last_ranked + 1) / n, 1])
