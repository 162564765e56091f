"""Tests of the escaping of cells that a spreadsheet would run as formulas."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog import cells
from catalog.cells import escape_formula, unescape_formula

BEGINNINGS = st.text("'=+-@\t\r\n ＝＋－＠a1", max_size=6)


class TestGuarded:
    @pytest.mark.parametrize(
        "value",
        [
            "=1+1",
            "+49 30",
            "-5",
            "@SUM(A1)",
            "\tx",
            "\r=1",
            "\n=1",
            "  =1",
            " \nx",
            "＝1",
            "'=1",
            "=cmd|' /C calc'!A0",
        ],
    )
    def test_has_an_apostrophe_before_what_could_be_run(self, value: str):
        assert escape_formula(value) == f"'{value}"

    @pytest.mark.parametrize("value", ["", "Lamp", "5", "1-2", "a=b", "'t Hooft", "' ", "’=1"])
    def test_leaves_the_rest_alone(self, value: str):
        assert escape_formula(value) == value

    @given(st.builds(str.__add__, BEGINNINGS, st.text()))
    def test_comes_back_as_it_was(self, value: str):
        assert unescape_formula(escape_formula(value)) == value

    @given(st.builds(str.__add__, BEGINNINGS, st.text()))
    def test_never_begins_as_a_formula_does(self, value: str):
        assert escape_formula(value).lstrip(" ")[:1] not in {*"=+-@＝＋－＠\t\r\n"}


class TestTheImporter:
    @pytest.mark.parametrize("read", [cells.external_id, cells.name, cells.line])
    @pytest.mark.parametrize("value", ["=1+1", "-5", "'=1", "Lamp", "'t Hooft"])
    def test_reads_a_line_as_it_was(self, read, value: str):
        assert read(escape_formula(value)) == value

    def test_reads_a_description_and_tags_as_they_were(self):
        assert cells.description("'=1\n=2") == "=1\n=2"
        assert cells.tags("'-10%|led") == ("-10%", "led")
