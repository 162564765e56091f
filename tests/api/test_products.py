"""Tests of GET /products/{id}."""

import pytest

from tests.factories import ProductFactory

pytestmark = pytest.mark.django_db


class TestOne:
    @pytest.mark.parametrize("form", ["{pk}", "{pk}/", "ext:a.b c", "ext:a.b c/"])
    def test_is_found_by_number_and_by_key(self, client, open_reads, django_assert_num_queries, form):
        lamp = ProductFactory(name="Lamp", category="Home", tags=["led"], external_id="a.b c", stock=3)

        with django_assert_num_queries(1):
            answer = client.get(f"/products/{form.format(pk=lamp.pk)}")

        found = answer.json()
        assert (found["id"], found["external_id"], found["name"]) == (lamp.pk, "a.b c", "Lamp")
        assert (found["category"], found["tags"]) == ("Home", ["led"])
        assert (found["price"], found["stock"], found["description"]) == (9.99, 3, "Made for tests.")

    @pytest.mark.parametrize(
        "id",
        [
            "0",
            "999999",
            "abc",
            "1.0",
            "1e3",
            "-1",
            "+1",
            " 1",
            "٣",
            str(2**63),
            "9" * 5000,
            "ext:x",
            "EXT:x",
            "null",
        ],
    )
    def test_is_a_404_when_unknown(self, client, open_reads, id):
        answer = client.get(f"/products/{id}")

        assert answer.status_code == 404
        assert answer.headers["Content-Type"] == "application/problem+json"

    def test_is_hidden_while_inactive(self, client, open_reads, staff_client):
        old = ProductFactory(is_active=False)

        assert client.get(f"/products/{old.pk}").status_code == 404
        assert staff_client.get(f"/products/{old.pk}").json()["is_active"] is False

    def test_is_hidden_by_its_key_while_inactive(self, client, open_reads, staff_client):
        ProductFactory(is_active=False, external_id="old")

        assert client.get("/products/ext:old").status_code == 404
        assert staff_client.get("/products/ext:old").json()["is_active"] is False

    @pytest.mark.parametrize(
        "fields",
        [
            {"category": "Home", "tags": ["led", "desk", "Big"], "price": "0.10", "stock": 0},
            {"category": None, "tags": [], "price": "9999999999.99", "stock": None, "external_id": None},
        ],
    )
    def test_is_the_same_as_in_a_list(self, client, open_reads, staff_client, fields):
        lamp = ProductFactory(**fields)

        for anyone in (client, staff_client):
            page = anyone.get(f"/products/{lamp.pk}").json()

            assert [page] == anyone.get("/products").json()["products"]
            assert page["price"] == float(fields["price"])

    def test_costs_staff_their_session(self, staff_client, django_assert_num_queries):
        lamp = ProductFactory()

        with django_assert_num_queries(3):
            assert staff_client.get(f"/products/{lamp.pk}").json()["is_active"] is True

    def test_refuses_parameters(self, client, open_reads):
        lamp = ProductFactory()

        answer = client.get(f"/products/{lamp.pk}?fields=name")

        assert answer.status_code == 400
        assert "Allowed here: none" in answer.json()["detail"]
