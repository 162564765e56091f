"""Staff write products: the category and the tags by name."""

import pytest

from catalog.models import Category, Product, Tag
from tests.factories import NOON, InteractionFactory, ProductFactory

pytestmark = pytest.mark.django_db

LAMP = {
    "external_id": "lamp",
    "name": "Lamp",
    "category": "Home",
    "price": 19.9,
    "description": "Bright.\nVery.",
    "tags": ["led", "desk"],
}


class TestCreate:
    def test_stores_the_product(self, staff_client):
        answer = staff_client.post("/products", LAMP)

        lamp = Product.objects.get()
        assert answer.status_code == 201
        assert answer.json() == {**LAMP, "id": lamp.pk, "tags": ["desk", "led"], "is_active": True}
        assert answer.headers["Location"] == f"http://testserver/products/{lamp.pk}"
        assert staff_client.get(f"/products/{lamp.pk}").json() == answer.json()

    def test_needs_a_name_and_a_price(self, staff_client):
        answer = staff_client.post("/products", {"name": "Box", "price": "0"})

        assert answer.status_code == 201
        assert answer.json()["category"] is None
        assert answer.json()["tags"] == []
        fields = [error["field"] for error in staff_client.post("/products", {}).json()["errors"]]
        assert fields == ["name", "price"]

    def test_makes_new_names_and_takes_known_ones(self, staff_client):
        ProductFactory(category="Home", tags=["led"])

        staff_client.post("/products", LAMP)

        assert list(Category.objects.values_list("name", flat=True)) == ["Home"]
        assert set(Tag.objects.values_list("name", flat=True)) == {"led", "desk"}

    def test_trims_blanks_and_drops_doubles(self, staff_client):
        body = {**LAMP, "name": " Lamp ", "category": " Home ", "tags": ["led", " led", "led "]}

        answer = staff_client.post("/products", body)

        assert (answer.json()["name"], answer.json()["category"]) == ("Lamp", "Home")
        assert answer.json()["tags"] == ["led"]

    def test_may_be_inactive(self, staff_client):
        assert staff_client.post("/products", {**LAMP, "is_active": False}).json()["is_active"] is False

    @pytest.mark.parametrize("n", [1, 100])
    def test_makes_as_many_queries_for_one_tag_as_for_many(self, staff_client, django_assert_num_queries, n):
        tags = [f"tag {number}" for number in range(n)]

        # session and staff; key taken? savepoints; category and tags, looked up and made; the product,
        # its tags; read back
        with django_assert_num_queries(16):
            assert staff_client.post("/products", {**LAMP, "tags": tags}).status_code == 201

    @pytest.mark.parametrize(
        ("field", "value", "message"),
        [
            ("price", -0.01, "Ensure this value is greater than or equal to 0."),
            ("price", "NaN", "A valid number is required."),
            ("price", "Infinity", "A valid number is required."),
            ("price", 9.999, "Ensure that there are no more than 2 decimal places."),
            (
                "price",
                10_000_000_000,
                "Ensure that there are no more than 10 digits before the decimal point.",
            ),
            ("price", 1e300, "Ensure that there are no more than 12 digits in total."),
            ("price", None, "This field may not be null."),
            ("price", True, "A valid number is required."),
            ("price", "free", "A valid number is required."),
            ("price", [1], "A valid number is required."),
            ("name", "a\x00b", "Holds the control character U+0000"),
            ("name", "x" * 256, "Ensure this field has no more than 255 characters."),
            ("category", "", "This field may not be blank."),
            ("category", "x" * 256, "Ensure this field has no more than 255 characters."),
            ("category", "a\tb", "Holds the control character U+0009"),
            ("category", ["Home"], "Not a valid string."),
            ("description", "a\x1bb", "Holds the control character U+001B"),
            ("description", None, "This field may not be null."),
            ("tags", "led", "Expected a list of items"),
            ("tags", ["led", ""], "This field may not be blank."),
            ("tags", ["x" * 256], "Ensure this field has no more than 255 characters."),
            ("tags", [None], "This field may not be null."),
            ("tags", [{}], "Not a valid string."),
            ("tags", [str(n) for n in range(101)], "Ensure this field has no more than 100 elements."),
            ("external_id", "a/b", "Holds a slash"),
            ("is_active", "perhaps", "Must be a valid boolean."),
            ("colour", "red", "Unknown field; known: id, external_id, name"),
        ],
    )
    def test_refuses_a_bad_field(self, staff_client, field, value, message):
        answer = staff_client.post("/products", {**LAMP, field: value})

        assert answer.status_code == 400
        assert {error["field"] for error in answer.json()["errors"]} == {field}
        assert any(error["message"].startswith(message) for error in answer.json()["errors"])
        assert not Product.objects.exists()
        assert not Tag.objects.exists()

    def test_refuses_a_key_that_is_taken(self, staff_client):
        ProductFactory(external_id="lamp")

        answer = staff_client.post("/products", LAMP)

        assert answer.status_code == 400
        assert answer.json()["detail"] == (
            "external_id is 'lamp': Another product has this external ID; each has its own."
        )

    def test_stores_a_price_to_the_penny(self, staff_client):
        staff_client.post(
            "/products", b'{"name": "Yacht", "price": 1234567890.12}', content_type="application/json"
        )

        assert str(Product.objects.get().price) == "1234567890.12"


class TestPut:
    def test_replaces_the_product(self, staff_client):
        ProductFactory(external_id="lamp", category="Garden", tags=["old"])

        answer = staff_client.put("/products/ext:lamp", {"name": "Box", "price": 1})

        assert answer.status_code == 200
        assert answer.json() == {
            "id": Product.objects.get().pk,
            "external_id": "lamp",
            "name": "Box",
            "category": None,
            "price": 1.0,
            "description": "",
            "tags": [],
            "is_active": True,
        }

    def test_leaves_an_inactive_product_inactive(self, staff_client):
        ProductFactory(external_id="lamp", is_active=False)

        assert (
            staff_client.put("/products/ext:lamp", {"name": "Box", "price": 1}).json()["is_active"] is False
        )

    def test_takes_back_what_was_read(self, staff_client):
        lamp = ProductFactory(external_id="lamp", tags=["b", "a"])
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
                "message": "Must be 'chair', as in the address, or left out.",
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
        assert answer.json() == {**before, "price": 5.5}

    @pytest.mark.parametrize("change", [{"tags": ["new"]}, {"tags": []}, {"price": 2}, {"category": "New"}])
    def test_moves_updated_at(self, staff_client, change):
        lamp = ProductFactory(tags=["led"])
        Product.objects.filter(pk=lamp.pk).update(updated_at=NOON)

        staff_client.patch(f"/products/{lamp.pk}", change)

        assert Product.objects.get(pk=lamp.pk).updated_at > NOON

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
    """Each includes two for the session, and two around the transaction."""

    def test_of_a_put(self, staff_client, django_assert_num_queries):
        ProductFactory(external_id="lamp", category="Home", tags=["led", "old"])

        # found (2), category, saved, tags looked up, made and set (4), read back (2), key taken?
        with django_assert_num_queries(16):
            assert staff_client.put("/products/ext:lamp", LAMP).status_code == 200

    def test_of_a_patch(self, staff_client, django_assert_num_queries):
        lamp = ProductFactory()

        with django_assert_num_queries(9):  # found (2), saved, read back (2)
            assert staff_client.patch(f"/products/{lamp.pk}", {"price": 1}).status_code == 200

    def test_of_a_delete(self, staff_client, django_assert_num_queries):
        lamp = ProductFactory(tags=["led"])

        with django_assert_num_queries(10):  # found (2), in use? its rows and itself
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
