"""Folding: what search compares."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.folding import fold

# Every assigned character outside the blocks of ideographs and of Hangul, which have no case and no accents.
LETTERS = [
    character
    for character in map(chr, range(0x2FFFF))
    if not 0x3400 <= ord(character) < 0xA000
    and not 0xAC00 <= ord(character) < 0xE000
    and unicodedata.category(character)[0] in "LMNPSZ"
]


class TestFold:
    @pytest.mark.parametrize(
        ("text", "folded"),
        [
            ("Éclair", "eclair"),
            ("Ёлка Йод", "елка иод"),
            ("Straße STRASSE", "strasse strasse"),
            ("İstanbul ISI ısı", "istanbul isi isi"),
            ("ὈΔΌΣ ὀδός", "οδοσ οδοσ"),
            ("מִשְׁפָּט", "משפט"),
            ("مُحَمَّد أحمد", "محمد احمد"),
            ("Łódź Smørrebrød Œuvre", "lodz smorrebrod oeuvre"),
            ("ＬＥＤ ﬁn x²", "led fin x2"),
            ("각설탕", "각설탕"),
            (unicodedata.normalize("NFD", "각설탕"), "각설탕"),
            ("がか ガカ", "がか ガカ"),
            ("日本語", "日本語"),
            ("ที่นี่ हिन्दी", "ที่นี่ हिन्दी"),
            ("soft\u00adhyphen zero\u200bwidth \ufeffBOM", "softhyphen zerowidth bom"),
            ("❤\ufe0f 👩\u200d💻", "❤ 👩💻"),
            ("  a\t\n b\u00a0c ", "a b c"),
            ("Nul\x00l", "null"),
        ],
    )
    def test_leaves(self, text: str, folded: str):
        assert fold(text) == folded

    def test_of_a_folded_character_changes_nothing(self):
        assert [c for c in LETTERS if fold(fold(c)) != fold(c)] == []

    @pytest.mark.parametrize("other", [str.upper, str.lower, str.casefold, str.title])
    def test_ignores_the_case_of_every_letter(self, other):
        assert [c for c in LETTERS if fold(other(c)) != fold(c)] == []

    @pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
    def test_ignores_the_form_of_every_character(self, form):
        assert [c for c in LETTERS if fold(unicodedata.normalize(form, c)) != fold(c)] == []

    @given(st.text())
    def test_of_a_folded_text_changes_nothing(self, text: str):
        assert fold(fold(text)) == fold(text)
