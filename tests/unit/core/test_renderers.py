"""Tests of JSON parsing and rendering."""

from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO

import pytest
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import ParseError

from core.api.json_text import BodyTooLarge
from core.api.parsers import OrjsonParser
from core.api.responses import OrjsonRenderer, to_json


class TestRenderer:
    def test_writes_decimals_as_numbers(self):
        assert to_json([Decimal("9.90"), Decimal("9999999999.99"), Decimal(0)]) == b"[9.9,9999999999.99,0.0]"

    def test_writes_moments_in_utc(self):
        assert to_json(datetime(2026, 1, 15, 12, tzinfo=UTC)) == b'"2026-01-15T12:00:00Z"'

    def test_writes_translations_as_text(self):
        assert to_json(gettext_lazy("name")) == b'"name"'

    def test_refuses_what_json_does_not_know(self):
        with pytest.raises(TypeError):
            to_json(object())

    def test_writes_nothing_for_nothing(self):
        assert OrjsonRenderer().render(None) == b""


class View:
    max_body_bytes, max_body_elements = 20, 4


def parsed(body: str) -> object:
    return OrjsonParser().parse(BytesIO(body.encode()), parser_context={"view": View()})


class TestParser:
    def test_reads_json(self):
        assert parsed('{"a": [1, "ü"]}') == {"a": [1, "ü"]}

    def test_says_where_it_stumbled(self):
        with pytest.raises(ParseError, match=r"not valid JSON: .*line 1 column"):
            parsed('{"a": }')

    def test_reads_no_more_than_it_may(self):
        assert parsed("1" + " " * 19) == 1
        with pytest.raises(BodyTooLarge, match="larger than 20 bytes"):
            parsed("1" + " " * 20)

    def test_makes_no_more_values_than_it_may(self):
        assert parsed("[1,2,3,4]") == [1, 2, 3, 4]
        with pytest.raises(BodyTooLarge, match="more than 4 fields and elements"):
            parsed("[1,2,3,4,5]")
