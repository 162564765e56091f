"""Cleaning: how texts are stored and looked up, and when two names are one."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text import MAX_LENGTH, clean, comparable

NFD = unicodedata.normalize("NFD", "Éclair 각설탕")


class TestClean:
    @pytest.mark.parametrize(
        ("text", "cleaned"),
        [
            (NFD, "Éclair 각설탕"),
            ("\ufeffLamp\u200b", "Lamp"),
            ("so\u00adft \u200eleft\u200f \u202eover\u202c", "soft left over"),
            ("in\u200dvisible\u200c", "invisible"),
            ("tag\U000e0041\U000e0042ged", "tagged"),
            ("x\ufe0f\u3164y\u2060z", "xyz"),
            ("e\u200b\u0301", "é"),
        ],
    )
    def test_gives(self, text: str, cleaned: str):
        assert clean(text) == cleaned

    @pytest.mark.parametrize(
        "text",
        [
            "می\u200cخواهم",
            "क\u094d\u200dष",
            "ന\u0d4d\u200d",
            "👩\u200d💻 👨\u200d👩\u200d👧 🏳\ufe0f\u200d🌈",
            "❤\ufe0f 1\ufe0f\u20e3",
            "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
            "葛\U000e0100",
            "日本語 Ёлка Straße ﬁ ½",
            "tab\tand\nline",
        ],
    )
    def test_keeps(self, text: str):
        assert clean(text) == text

    @given(st.text(st.characters(codec="utf-8") | st.sampled_from("\u200d\u200c\ufe0f👩💻ی\u0301e")))
    def test_of_a_cleaned_text_changes_nothing(self, text: str):
        assert clean(clean(text)) == clean(text)

    def test_keeps_thirty_marks_of_a_letter(self):
        assert clean("x" + "\u0301\u0316" * 10_000) == clean("x" + "\u0301\u0316" * 15)


class TestComparable:
    @pytest.mark.parametrize(
        ("first", "second"),
        [
            ("Shoes", "sHOES"),
            ("Straße", "STRASSE"),
            ("Ёлка", "ЁЛКА"),
            ("ὈΔΌΣ", "ὀδός"),
            (NFD, "éCLAIR 각설탕"),
            ("ＬＥＤ", "led"),
            ("Home  office", "home\u00a0office"),
            ("Lamp\u200b", "lamp"),
        ],
    )
    def test_is_the_same_whatever_case_and_form(self, first: str, second: str):
        assert comparable(first) == comparable(second)

    @pytest.mark.parametrize(("first", "second"), [("Café", "Cafe"), ("がか", "かか"), ("a b", "ab")])
    def test_differs_by_more(self, first: str, second: str):
        assert comparable(first) != comparable(second)

    def test_fits_a_column_and_still_differs(self):
        first, second = comparable("ﷺ" * 254 + "a"), comparable("ﷺ" * 254 + "b")

        assert max(map(len, (first, second))) <= MAX_LENGTH
        assert first != second
