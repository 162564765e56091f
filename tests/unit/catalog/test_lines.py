"""Reasons as the lines that staff read."""

import pytest

from recommendations.admin.lines import stored_lines
from recommendations.engine.reasons import Reason, ReasonKind
from recommendations.pipeline import Pick


class TestWords:
    @pytest.mark.parametrize(
        ("n", "points", "words"),
        [
            (12, 500, ("+0.5", "everything else (12 not named)")),
            (1, -250, ("-0.25", "everything else (1 not named)")),
            (0, 1, ("+0.001", "everything else")),
        ],
    )
    def test_call_the_rest_neither_small_nor_good(self, n: int, points: int, words: tuple[str, str]):
        pick = Pick(
            1, 1_000 + points, (Reason(ReasonKind.TAG, "led", 1_000), Reason(ReasonKind.REST, n, points))
        )

        (line,) = stored_lines([pick], {})

        assert line.reasons == (("+1", "tag led"), words)
