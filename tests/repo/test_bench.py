"""The bench: what is wanted stands beside what was measured, and a wrong part is refused by name."""

import re
import subprocess
import sys
from pathlib import Path

from bench.figures import Figure, table

ROOT = Path(__file__).parents[2]


class TestFigure:
    def test_holds_at_its_bound(self):
        assert Figure("reads", 0.5, "x", least=0.5).holds

    def test_does_not_hold_below_what_is_wanted(self):
        assert Figure("reads", 0.49, "x", least=0.5).holds is False

    def test_does_not_hold_above_what_is_wanted(self):
        assert Figure("growth", 2.01, "x", most=2).holds is False

    def test_says_nothing_where_nothing_is_wanted(self):
        figure = Figure("batch", 3.2, "s")

        assert figure.holds is None
        assert figure.wanted == ""


class TestTable:
    def test_puts_what_is_wanted_beside_what_was_measured(self):
        lines = table([Figure("stored answer", 0.6543, "x", (0.61, 0.7), least=0.7)]).splitlines()

        assert re.split("  +", lines[1]) == [
            "stored answer",
            "0.654 x",
            "0.61 to 0.7",
            "at least 0.7",
            "FALLS SHORT",
        ]


class TestCommand:
    def test_refuses_a_part_that_is_not_known_and_names_those_that_are(self):
        ran = subprocess.run(
            [sys.executable, "-m", "bench", "http.nosuch"],
            cwd=ROOT,
            check=False,
            capture_output=True,
            text=True,
        )

        assert ran.returncode == 2
        assert "There is no 'http.nosuch'. Known: batch, " in ran.stderr
        assert "http.stored" in ran.stderr
