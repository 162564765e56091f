"""Lists of different lengths in flat arrays."""

import numpy as np
import pytest

from recommendations.engine.ragged import Ragged, empty, starts_of

ROWS = Ragged(np.array([0, 2, 2, 5]), np.array([7, 8, 1, 2, 7]))


class TestRagged:
    def test_gives_a_row_by_its_number(self):
        assert [ROWS[row].tolist() for row in range(3)] == [[7, 8], [], [1, 2, 7]]

    def test_names_the_row_of_every_entry(self):
        assert ROWS.rows().tolist() == [0, 0, 2, 2, 2]

    def test_takes_rows_in_any_order_and_more_than_once(self):
        taken = ROWS.take(np.array([2, 1, 0, 2]))

        assert [taken[row].tolist() for row in range(4)] == [[1, 2, 7], [], [7, 8], [1, 2, 7]]

    def test_inverts_to_the_rows_that_hold_each_value(self):
        inverted = ROWS.inverted(10)

        assert inverted[7].tolist() == [0, 2]
        assert inverted[9].tolist() == []
        assert len(inverted) == 10

    def test_joins_the_rows_of_another(self):
        joined = ROWS.joined(Ragged(np.array([0, 0, 1]), np.array([5])))

        assert [joined[row].tolist() for row in range(5)] == [[7, 8], [], [1, 2, 7], [], [5]]

    @pytest.mark.parametrize("starts", [[], [1, 2], [0, 3]])
    def test_refuses_starts_that_do_not_cover_the_entries(self, starts: list[int]):
        with pytest.raises(ValueError, match="starts must go from 0"):
            Ragged(np.array(starts, np.int64), np.array([1, 2]))

    def test_may_be_empty(self):
        assert len(empty(3)) == 3
        assert empty(3).take(np.array([1])).flat.tolist() == []


def test_starts_of_lengths_end_with_their_sum():
    assert starts_of(np.array([2, 0, 3])).tolist() == [0, 2, 2, 5]
