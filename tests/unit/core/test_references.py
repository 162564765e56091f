"""Tests of references to rows."""

import pytest
from rest_framework.exceptions import NotFound

from core.api.query import lookup
from core.references import BadReference, parse_reference

NO_REFERENCE = [
    *("", " ", "abc", "-1", "+1", "1.0", "1 ", " 1", "1\n", "0", "٣", "1_000", str(2**63), "9" * 5000),
    *("ext:", "ext: a", "ext:a ", "ext:a/b", "ext:a\x00", "ext:\ud800", "EXT:a", "ext"),
]


class TestReference:
    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("12", 12),
            ("007", 7),
            (str(2**63 - 1), 2**63 - 1),
            ("ext:abc", "abc"),
            ("ext:12", "12"),
            ("ext:a.b c%-ü👟", "a.b c%-ü👟"),
            ("ext:ext:a", "ext:a"),
        ],
    )
    def test_is_a_number_or_a_key(self, text, found):
        assert parse_reference(text) == found

    @pytest.mark.parametrize("text", NO_REFERENCE)
    def test_is_refused_when_it_can_name_nothing(self, text):
        with pytest.raises(BadReference):
            parse_reference(text)

    def test_says_why_a_key_cannot_be(self):
        with pytest.raises(BadReference, match=r"after 'ext:' is invalid\. Contains a slash"):
            parse_reference("ext:a/b")


class TestLookup:
    def test_gives_the_filter(self):
        assert lookup("12") == {"pk": 12}
        assert lookup("ext:12") == {"external_id": "12"}

    @pytest.mark.parametrize("text", NO_REFERENCE)
    def test_finds_nothing_for_what_cannot_be_an_id(self, text):
        with pytest.raises(NotFound):
            lookup(text)
