"""Errors leave as RFC 9457 problem details, whatever went wrong, and tell nothing of the inside."""

from http import HTTPStatus

import pytest
from django.db import OperationalError, connection
from rest_framework.test import APIClient

from catalog.models import Product
from tests.factories import ProductFactory, StaffFactory

pytestmark = pytest.mark.django_db


def assert_problem(answer, status: int, title: str) -> dict:
    document = answer.json()
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (document["type"], document["title"], document["status"]) == ("about:blank", title, status)
    assert isinstance(document["detail"], str)
    assert "Traceback" not in answer.content.decode()
    return document


class TestProblem:
    def test_names_field_value_and_what_would_be_right(self, client, open_reads):
        document = assert_problem(client.get("/products?page_size=500"), 400, "Bad Request")

        assert document["detail"] == "page_size is '500': Must be a whole number from 1 to 200."
        assert document["errors"] == [
            {"field": "page_size", "value": "500", "message": "Must be a whole number from 1 to 200."}
        ]

    def test_names_an_element_of_a_list(self, staff_client):
        body = {"name": "Lamp", "price": 1, "tags": ["led", "a\u0007b"]}

        document = assert_problem(staff_client.post("/products", body), 400, "Bad Request")

        assert document["errors"] == [
            {
                "index": 1,
                "field": "tags",
                "value": "a\u0007b",
                "message": "Contains the control character U+0007 at position 2; remove it.",
            }
        ]
        assert document["detail"].startswith("tags (element 1) is 'a\\x07b': Contains the control character")

    def test_names_three_faults_and_refers_to_the_rest(self, staff_client):
        document = staff_client.post("/products", dict.fromkeys("abcde", 1)).json()

        assert document["detail"].endswith("See errors for the rest.")
        assert [error["field"] for error in document["errors"]] == list("abcde")

    def test_tells_twenty_of_many_faults_and_counts_the_others(self, staff_client):
        document = staff_client.post("/products", {f"x{n}": 1 for n in range(5000)}).json()

        assert [error["field"] for error in document["errors"][:2]] == ["x0", "x1"]
        assert len(document["errors"]) == 21
        assert document["errors"][-1] == {
            "field": None,
            "value": None,
            "message": "And 4980 more unknown fields.",
        }

    def test_counts_the_unknown_fields_of_a_visit(self, client, open_reads):
        body = {f"x{n}": 1 for n in range(5000)}

        answer = client.post("/recommend/session", body, format="json")

        assert_problem(answer, 400, "Bad Request")
        assert len(answer.json()["errors"]) == 21
        assert answer.json()["errors"][-1]["message"] == "And 4980 more unknown fields."

    def test_looks_no_further_than_twenty_wrong_parameters(self, client, open_reads):
        answer = client.get("/products?" + "&".join(f"x{n}=1" for n in range(500)))

        assert_problem(answer, 400, "Bad Request")
        assert len(answer.json()["errors"]) == 21
        assert answer.json()["errors"][-1] == {
            "field": None,
            "value": None,
            "message": "480 more parameters were not checked.",
        }

    def test_cuts_a_long_name(self, client, open_reads):
        document = client.get(f"/products?{'x' * 300}=1").json()

        assert document["errors"][0]["field"] == "x" * 80 + "…"
        assert "x" * 81 not in document["detail"]

    def test_is_logged_with_what_was_wrong(self, client, open_reads, caplog):
        with caplog.at_level("INFO", logger="recsite.http.errors"):
            client.post("/recommend/session", {"product_ids": []}, format="json")

        assert "BadRequest: product_ids is '[]': Must be a list of 1 to 200" in caplog.text

    def test_cuts_a_long_value(self, staff_client):
        document = staff_client.post("/users", {"name": "x" * 300}).json()

        assert document["errors"][0]["value"] == "x" * 80 + "…"

    def test_shows_a_nested_value_as_json(self, staff_client):
        document = staff_client.post("/users", {"name": {"first": "Anna"}}).json()

        assert document["errors"][0]["value"] == '{"first":"Anna"}'


class TestRefusal:
    def test_of_a_method(self, client, open_reads):
        answer = client.get("/interactions")

        assert_problem(answer, 405, "Method Not Allowed")
        assert answer.headers["Allow"] == "POST, OPTIONS"

    def test_of_a_post_to_the_root(self, client):
        assert_problem(client.post("/", {}), 405, "Method Not Allowed")

    def test_of_an_unwanted_media_type(self, client, open_reads):
        assert_problem(client.get("/products", headers={"accept": "text/csv"}), 406, "Not Acceptable")

    def test_of_a_form(self, staff_client):
        answer = staff_client.post("/users", "name=Anna", content_type="application/x-www-form-urlencoded")

        assert_problem(answer, 415, "Unsupported Media Type")

    @pytest.mark.parametrize(
        "body",
        [
            "{",
            "",
            "[" * 9_000,
            '{"name": NaN}',
            '{"name": "\\ud800"}',
            b"\xff\xfe",
        ],
    )
    def test_of_what_is_not_json(self, staff_client, body):
        answer = staff_client.post("/users", body, content_type="application/json")

        assert_problem(answer, 400, "Bad Request")

    @pytest.mark.parametrize("body", ["[]", "5", '"text"', "null", "true"])
    @pytest.mark.parametrize("path", ["/users", "/products", "/categories"])
    def test_of_json_that_is_no_object(self, staff_client, path, body):
        assert_problem(staff_client.post(path, body, content_type="application/json"), 400, "Bad Request")

    def test_of_a_parameter_comes_before_that_of_the_body(self, staff_client):
        for content_type in ("application/json", "text/csv"):
            answer = staff_client.post("/users?x=1", "{", content_type=content_type)

            assert_problem(answer, 400, "Bad Request")
            assert answer.json()["errors"][0]["field"] == "x"

    def test_of_a_body_that_is_too_long(self, staff_client):
        answer = staff_client.post("/users", {"name": "x" * 65_536})

        document = assert_problem(answer, 413, HTTPStatus(413).phrase)
        assert "larger than 65,536 bytes" in document["detail"]

    def test_of_a_session_without_its_csrf_token(self):
        client = APIClient(enforce_csrf_checks=True)
        client.force_login(StaffFactory())

        document = assert_problem(client.post("/users", {"name": "Anna"}), 403, "Forbidden")

        assert document["detail"].startswith("CSRF Failed")

    def test_of_a_strange_host(self, client):
        answer = client.get("/products", headers={"host": "evil.example"})

        document = assert_problem(answer, 400, "Bad Request")
        assert "ALLOWED_HOSTS" in document["detail"]

    def test_of_too_many_parameters(self, client, open_reads):
        query = "&".join(f"a{n}=1" for n in range(2000))

        assert_problem(client.get(f"/products?{query}"), 400, "Bad Request")


class TestDefect:
    @pytest.fixture
    def broken(self, monkeypatch):
        def fail(*args, **kwargs):
            raise RuntimeError("the password is swordfish")

        monkeypatch.setattr("catalog.selectors.products", fail)

    def test_is_a_bare_500(self, open_reads, broken):
        client = APIClient(raise_request_exception=False)

        document = assert_problem(client.get("/products"), 500, "Internal Server Error")

        assert "swordfish" not in str(document)

    def test_is_logged_with_its_path(self, open_reads, broken, caplog):
        APIClient(raise_request_exception=False).get("/products?page=1")

        assert "Internal Server Error: /products" in caplog.text

    def test_of_the_database_is_a_503_and_logged(self, client, open_reads, monkeypatch, caplog):
        def fail(*args, **kwargs):
            raise OperationalError("database is locked")

        monkeypatch.setattr("catalog.selectors.products", fail)

        document = assert_problem(client.get("/products"), 503, "Service Unavailable")

        assert "locked" not in document["detail"]
        assert "GET /products: OperationalError('database is locked')" in caplog.text


class TestRace:
    def test_for_a_key_is_a_409(self, staff_client):
        """Somebody stores the same key after it was checked, and before it is written."""
        ours = []

        def between(execute, sql, params, many, context):
            if sql.startswith('INSERT INTO "catalog_product"') and not ours:
                ours.append(sql)
                ProductFactory(external_id="lamp")
            return execute(sql, params, many, context)

        with connection.execute_wrapper(between):
            answer = staff_client.put("/products/ext:lamp", {"name": "Lamp", "price": 1})

        assert_problem(answer, 409, "Conflict")
        assert Product.objects.count() <= 1
