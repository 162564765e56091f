"""Tests of PUT, PATCH and DELETE /products/{id}."""

import pytest

from catalog.models import Product
from tests.api.lamp import LAMP
from tests.factories import NOON, InteractionFactory, ProductFactory

pytestmark = pytest.mark.django_db


class TestPut:
    def test_replaces_the_product(self, staff_client):
        ProductFactory(external_id="lamp", category="Garden", tags=["old"])

        answer = staff_client.put("/products/ext:lamp", {"name": "Box", "price": 1})

        assert answer.status_code == 200
        replaced = answer.json()
        assert (replaced["id"], replaced["external_id"]) == (Product.objects.get().pk, "lamp")
        assert (replaced["name"], replaced["price"]) == ("Box", 1.0)
        assert (replaced["category"], replaced["description"], replaced["tags"]) == (None, "", [])

    def test_leaves_an_inactive_product_inactive(self, staff_client):
        ProductFactory(external_id="lamp", is_active=False)

        assert (
            staff_client.put("/products/ext:lamp", {"name": "Box", "price": 1}).json()["is_active"] is False
        )

    def test_leaves_the_stock_that_it_does_not_mention(self, staff_client):
        ProductFactory(external_id="lamp", stock=0)

        assert staff_client.put("/products/ext:lamp", {"name": "Box", "price": 1}).json()["stock"] == 0

    def test_leaves_the_brand_that_it_does_not_mention(self, staff_client):
        ProductFactory(external_id="lamp", brand="Bright")

        assert staff_client.put("/products/ext:lamp", {"name": "Box", "price": 1}).json()["brand"] == "Bright"

    def test_takes_the_brand_away(self, staff_client):
        ProductFactory(external_id="lamp", brand="Bright")

        answer = staff_client.put("/products/ext:lamp", {"name": "Box", "price": 1, "brand": ""})

        assert (answer.status_code, answer.json()["brand"]) == (200, "")

    def test_takes_back_what_was_read(self, staff_client):
        lamp = ProductFactory(external_id="lamp", tags=["b", "a"], stock=3)
        before = staff_client.get(f"/products/{lamp.pk}").json()

        assert staff_client.put(f"/products/{lamp.pk}", before).json() == before

    @pytest.mark.parametrize("slash", ["", "/"])
    def test_creates_under_an_unknown_key(self, staff_client, slash):
        body = {key: value for key, value in LAMP.items() if key != "external_id"}

        answer = staff_client.put(f"/products/ext:löwe 1.5{slash}", body)

        assert answer.status_code == 201
        assert answer.json()["external_id"] == "löwe 1.5"
        assert staff_client.put(f"/products/ext:löwe 1.5{slash}", body).status_code == 200
        assert Product.objects.count() == 1

    def test_refuses_another_key_in_the_body(self, staff_client):
        answer = staff_client.put("/products/ext:chair", LAMP)

        assert answer.status_code == 400
        assert answer.json()["errors"] == [
            {
                "field": "external_id",
                "value": "lamp",
                "message": "Must be 'chair', as in the URL, or omitted.",
            }
        ]

    def test_is_a_404_for_an_unknown_number(self, staff_client):
        assert staff_client.put("/products/999999", LAMP).status_code == 404
        assert not Product.objects.exists()


class TestPatch:
    def test_changes_only_what_is_given(self, staff_client):
        lamp = ProductFactory(external_id="lamp", category="Home", tags=["led"])
        before = staff_client.get(f"/products/{lamp.pk}").json()

        answer = staff_client.patch(f"/products/{lamp.pk}", {"price": "5.50"})

        assert answer.status_code == 200
        assert answer.json() == {**before, "price": 5.5, "current_price": 5.5}

    @pytest.mark.parametrize(
        "change",
        [{"tags": ["new"]}, {"tags": []}, {"price": 2}, {"category": "New"}, {"stock": 0}, {"stock": None}],
    )
    def test_moves_updated_at(self, staff_client, change):
        lamp = ProductFactory(tags=["led"])
        Product.objects.filter(pk=lamp.pk).update(updated_at=NOON)

        staff_client.patch(f"/products/{lamp.pk}", change)

        assert Product.objects.get(pk=lamp.pk).updated_at > NOON

    def test_ends_the_tracking_of_the_stock(self, staff_client):
        lamp = ProductFactory(stock=0)

        assert staff_client.patch(f"/products/{lamp.pk}", {"stock": None}).json()["stock"] is None
        assert Product.objects.get().stock is None

    def test_takes_the_category_away(self, staff_client):
        lamp = ProductFactory(category="Home")

        assert staff_client.patch(f"/products/{lamp.pk}", {"category": None}).json()["category"] is None

    def test_deactivates(self, staff_client, client, open_reads):
        lamp = ProductFactory()

        staff_client.patch(f"/products/{lamp.pk}", {"is_active": False})

        assert client.get(f"/products/{lamp.pk}").status_code == 404

    def test_keeps_its_own_key(self, staff_client):
        lamp = ProductFactory(external_id="lamp")

        assert staff_client.patch(f"/products/{lamp.pk}", {"external_id": "lamp"}).status_code == 200


class TestQueries:
    """Each number includes two queries for the session and four for transactions."""

    def test_of_a_put(self, staff_client, django_assert_num_queries):
        ProductFactory(external_id="lamp", category="Home", tags=["led", "old"])

        # found (2), category, saved, searched texts (2), tags looked up, made and set (4), read back (2), key
        # taken?
        with django_assert_num_queries(20):
            assert staff_client.put("/products/ext:lamp", LAMP).status_code == 200

    def test_of_a_patch(self, staff_client, django_assert_num_queries):
        lamp = ProductFactory()

        with django_assert_num_queries(11):  # found (2), saved, read back (2)
            assert staff_client.patch(f"/products/{lamp.pk}", {"price": 1}).status_code == 200

    def test_of_a_delete(self, staff_client, django_assert_num_queries):
        lamp = ProductFactory(tags=["led"])

        with django_assert_num_queries(12):  # found (2), in use? its rows and itself
            assert staff_client.delete(f"/products/{lamp.pk}").status_code == 204


class TestDelete:
    def test_removes_a_product_that_nobody_touched(self, staff_client):
        lamp = ProductFactory(tags=["led"])

        answer = staff_client.delete(f"/products/{lamp.pk}")

        assert (answer.status_code, answer.content) == (204, b"")
        assert not Product.objects.exists()

    def test_is_a_409_while_there_are_interactions(self, staff_client):
        event = InteractionFactory()

        answer = staff_client.delete(f"/products/{event.product_id}")

        assert answer.status_code == 409
        assert "deactivate it instead" in answer.json()["detail"]
        assert Product.objects.exists()

    def test_is_a_404_when_unknown(self, staff_client):
        assert staff_client.delete("/products/ext:none").status_code == 404
