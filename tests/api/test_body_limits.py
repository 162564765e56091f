"""Bodies over the limit of their address are refused before they are read."""

import json
from io import BytesIO
from typing import Any

import pytest
from django.core.handlers.base import BaseHandler
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse
from django.test import RequestFactory

from catalog.api.bulk import MAX_BYTES, MAX_PRODUCTS_BYTES
from core.text import MAX_LENGTH, MAX_TAGS, MAX_TEXT_LENGTH
from tests.api.events import event
from tests.factories import CategoryFactory

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]
KIB = 1024
LIMITS = {
    "/users": 64 * KIB,
    "/users/ext:anna": 64 * KIB,
    "/categories": 64 * KIB,
    "/recommend/session": 64 * KIB,
    "/token": 64 * KIB,
    "/token/shopper": 64 * KIB,
    "/": 64 * KIB,
    "/nowhere": 64 * KIB,
    "/schema": 64 * KIB,
    "/admin/login/": 64 * KIB,
    "/admin/catalog/user/add/": 64 * KIB,
    "/admin/catalog/product/add/": 256 * KIB,
    "/interactions": 1_000 * KIB,
    "/interactions/bulk": MAX_BYTES,
    "/users/bulk": MAX_BYTES,
    "/products/bulk": MAX_PRODUCTS_BYTES,
}
MEDIA_TYPES = [
    "application/json",
    "application/x-ndjson",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=b",
    "text/csv",
]


class Unread(BytesIO):
    """A body that nobody may read."""

    def read(self, *args: Any) -> bytes:
        raise AssertionError("the body was read")

    readline = read


@pytest.fixture
def handler() -> BaseHandler:
    handler = BaseHandler()
    handler.load_middleware()
    return handler


def answer_to(handler: BaseHandler, path: str, media_type: str, **environ: Any) -> HttpResponse:
    made = RequestFactory().generic("POST", path, b"", content_type=media_type)
    return handler.get_response(WSGIRequest({**made.environ, "CONTENT_TYPE": media_type, **environ}))


class TestLimit:
    @pytest.mark.parametrize("media_type", MEDIA_TYPES)
    @pytest.mark.parametrize("path", LIMITS)
    def test_refuses_a_longer_body_unread(self, handler, path, media_type):
        environ = {"CONTENT_LENGTH": str(LIMITS[path] + 1), "wsgi.input": Unread()}

        answer = answer_to(handler, path, media_type, **environ)

        document = json.loads(answer.content)
        assert (answer.status_code, document["status"]) == (413, 413)
        assert document["detail"].startswith(f"The body is larger than {LIMITS[path]:,} bytes")

    @pytest.mark.parametrize("path", LIMITS)
    def test_lets_a_body_of_that_length_pass(self, handler, path):
        body = BytesIO(b" " * LIMITS[path])

        answer = answer_to(
            handler, path, "application/json", **{"CONTENT_LENGTH": str(LIMITS[path]), "wsgi.input": body}
        )

        assert answer.status_code not in (411, 413)

    @pytest.mark.parametrize("length", ["9" * 19, "9" * 5_000, "-1", "1e3"])
    def test_refuses_a_length_that_is_none(self, handler, length):
        environ = {"CONTENT_LENGTH": length, "wsgi.input": Unread()}

        assert answer_to(handler, "/users", "application/json", **environ).status_code == 413

    def test_refuses_a_body_of_unknown_length(self, handler):
        environ = {"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input": Unread()}

        assert answer_to(handler, "/users", "application/json", **environ).status_code == 411

    def test_of_a_product_holds_the_longest_in_any_spelling(self, staff_client):
        line = "\U0001f45f" * MAX_LENGTH
        product = {
            "external_id": line,
            "name": line,
            "category": line,
            "brand": line,
            "price": 1,
            "description": "\U0001f45f" * MAX_TEXT_LENGTH,
            "tags": [f"{n:03}{line[3:]}" for n in range(MAX_TAGS)],
        }

        answer = staff_client.generic("POST", "/products", json.dumps(product), "application/json")

        assert answer.status_code == 201

    def test_of_events_holds_a_thousand_of_the_longest(self, staff_client, anna, lamp):
        longest = event(
            user_id=f"ext:{'u' * MAX_LENGTH}",
            product_id=f"ext:{'p' * MAX_LENGTH}",
            action_type="purchase",
            occurred_at="2026-01-15T12:00:00.123456789+00:00",
            event_id="e" * MAX_LENGTH,
        )

        answer = staff_client.post("/interactions", [longest] * 1_000)

        assert answer.status_code == 400
        assert answer.json()["errors"][0]["message"] == "There is no such user."


class TestAnswer:
    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("/users", {f"{n:06}": {} for n in range(3_000)}),
            ("/products", {f"{n:06}": ["x" * 50] for n in range(3_000)}),
            ("/products", {"name": "x", "price": 1, "tags": [{}] * 100}),
            ("/products", {"name": "x", "price": 1, "tags": [0] * 9_000}),
            ("/recommend/session", {"product_ids": [{"": 0}] * 3_000}),
            ("/recommend/session", {f"{n:06}": {} for n in range(3_000)}),
            ("/interactions", [{}] * 1_000),
            ("/interactions", [{f"{n:06}": {} for n in range(3_000)}]),
            ("/interactions", [event(user_id={"x": "y" * 900_000})]),
            ("/token", {f"{n:06}": {} for n in range(3_000)}),
        ],
    )
    def test_is_short_whatever_is_wrong(self, staff_client, path, body):
        answer = staff_client.post(path, body)

        assert answer.status_code == 400
        assert len(answer.content) < 10_000

    def test_in_bulk_is_bounded(self, staff_client):
        bodies = [[{}] * 10_000, [{f"{n:06}": {} for n in range(49_000)}], [{"user_id": "x" * 400}] * 10_000]

        sizes = [len(staff_client.post("/interactions/bulk", body).content) for body in bodies]

        assert max(sizes) < 1_000_000

    def test_to_a_query_is_short(self, client, open_reads):
        CategoryFactory()
        query = "&".join(f"category={'x' * 50}{n}" for n in range(900))

        answer = client.get(f"/products/popular?{query}")

        assert answer.status_code == 400
        assert len(answer.content) < 10_000
