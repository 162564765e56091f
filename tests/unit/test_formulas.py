"""Cells that a spreadsheet would run, and the same cells read back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.exporting.csv_injection import guarded, unguarded
from catalog.importing import columns

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
            "＝1",
            "'=1",
            "=cmd|' /C calc'!A0",
        ],
    )
    def test_has_an_apostrophe_before_what_could_be_run(self, value: str):
        assert guarded(value) == f"'{value}"

    @pytest.mark.parametrize("value", ["", "Lamp", "5", "1-2", "a=b", "'t Hooft", "' ", "’=1"])
    def test_leaves_the_rest_alone(self, value: str):
        assert guarded(value) == value

    @given(st.builds(str.__add__, BEGINNINGS, st.text()))
    def test_comes_back_as_it_was(self, value: str):
        assert unguarded(guarded(value)) == value

    @given(st.builds(str.__add__, BEGINNINGS, st.text()))
    def test_never_begins_as_a_formula_does(self, value: str):
        assert guarded(value).lstrip(" ")[:1] not in {*"=+-@＝＋－＠\t\r\n"}


class TestTheImporter:
    @pytest.mark.parametrize("read", [columns.external_id, columns.name, columns.category])
    @pytest.mark.parametrize("value", ["=1+1", "-5", "'=1", "Lamp", "'t Hooft"])
    def test_reads_a_line_as_it_was(self, read, value: str):
        assert read(guarded(value)) == value

    def test_reads_a_description_and_tags_as_they_were(self):
        assert columns.description("'=1\n=2") == "=1\n=2"
        assert columns.tags("'-10%|led") == ("-10%", "led")
