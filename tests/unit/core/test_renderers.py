"""Tests of JSON parsing and rendering."""

from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO

import pytest
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import ParseError

from core.api.parsers import BodyTooLarge, OrjsonParser
from core.api.renderers import OrjsonRenderer, to_json


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


class TestParser:
    def test_reads_json(self):
        assert OrjsonParser().parse(BytesIO('{"a": [1, "ü"]}'.encode())) == {"a": [1, "ü"]}

    def test_says_where_it_stumbled(self):
        with pytest.raises(ParseError, match=r"not valid JSON: .*line 1 column"):
            OrjsonParser().parse(BytesIO(b'{"a": }'))

    def test_reads_no_more_than_it_may(self, settings):
        settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 5

        assert OrjsonParser().parse(BytesIO(b"12345")) == 12345
        with pytest.raises(BodyTooLarge):
            OrjsonParser().parse(BytesIO(b"123456"))
