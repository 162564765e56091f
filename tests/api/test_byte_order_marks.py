"""Bodies with a byte order mark, as editors and exports of Windows write them."""

import json
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE

import pytest

from catalog.models import Interaction
from tests.api.events import event

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("anna", "lamp")]
JSON, LINES = "application/json", "application/x-ndjson"
ONE, LIST = json.dumps(event()).encode(), json.dumps([event(), event()]).encode()


class TestMark:
    @pytest.mark.parametrize(
        ("address", "body", "content_type", "n_stored"),
        [
            ("/interactions", ONE, JSON, 1),
            ("/interactions/batch", LIST, JSON, 2),
            ("/interactions/bulk", LIST, JSON, 2),
            ("/interactions/bulk", ONE + b"\n" + ONE, LINES, 2),
            # Two files that were put together.
            ("/interactions/bulk", ONE + b"\n" + BOM_UTF8 + ONE, LINES, 2),
        ],
    )
    def test_is_left_out(self, staff_client, address, body, content_type, n_stored):
        answer = staff_client.post(address, BOM_UTF8 + body, content_type=content_type)

        assert answer.status_code in (201, 207)
        assert Interaction.objects.count() == n_stored

    def test_alone_is_no_body(self, staff_client):
        answer = staff_client.post("/interactions", BOM_UTF8, content_type=JSON)

        assert answer.status_code == 400


class TestOtherEncodings:
    @pytest.mark.parametrize(
        ("address", "content_type"), [("/interactions", JSON), ("/interactions/bulk", LINES)]
    )
    @pytest.mark.parametrize(
        ("mark", "encoding"),
        [(BOM_UTF16_LE, "utf-16-le"), (BOM_UTF16_BE, "utf-16-be"), (b"", "utf-16-le"), (b"", "utf-32-be")],
    )
    def test_are_refused_by_name(self, staff_client, address, content_type, mark, encoding):
        body = mark + ONE.decode().encode(encoding)

        answer = staff_client.post(address, body, content_type=content_type)

        assert answer.status_code == 400
        assert answer.json()["detail"] == "The body is in UTF-16 or UTF-32; send JSON in UTF-8."
