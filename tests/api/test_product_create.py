"""Tests of POST /products."""

import json

import pytest

from catalog.models import Category, Product, Tag
from tests.api.lamp import LAMP
from tests.factories import ProductFactory

pytestmark = pytest.mark.django_db


class TestCreate:
    def test_stores_the_product(self, staff_client):
        answer = staff_client.post("/products", LAMP)

        lamp = Product.objects.get()
        assert answer.status_code == 201
        wanted = {**LAMP, "id": lamp.pk, "tags": ["desk", "led"], "is_active": True}
        assert {name: answer.json()[name] for name in wanted} == wanted
        assert answer.headers["Location"] == f"http://testserver/products/{lamp.pk}"
        assert staff_client.get(f"/products/{lamp.pk}").json() == answer.json()

    def test_needs_a_name_and_a_price(self, staff_client):
        answer = staff_client.post("/products", {"name": "Box", "price": "0"})

        assert answer.status_code == 201
        assert answer.json()["category"] is None
        assert answer.json()["stock"] is None
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
        # and its search text; its tags; read back
        with django_assert_num_queries(18):
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
            *[
                (
                    "stock",
                    value,
                    "Must be a whole number from 0 to 2147483647, or null if the stock is not tracked.",
                )
                for value in (1.5, 2**31, 2**64, -(2**31), 1e300, "", "1.5", "many", True, False, [1], {})
            ],
            ("name", "a\x00b", "Contains the control character U+0000"),
            ("name", "x" * 256, "Ensure this field has no more than 255 characters."),
            ("name", "x" + "\x1d" * 255, "Ensure this field has no more than 255 characters."),
            ("category", "", "This field may not be blank."),
            ("category", "x" * 256, "Ensure this field has no more than 255 characters."),
            ("category", "a\tb", "Contains the control character U+0009"),
            ("category", ["Home"], "Not a valid string."),
            ("brand", "x" * 256, "Ensure this field has no more than 255 characters."),
            ("brand", "a\tb", "Contains the control character U+0009"),
            ("brand", None, "This field may not be null."),
            ("brand", 7, "Not a valid string."),
            ("sale_price", 20, "Must not be above price, 19.90."),
            ("sale_price", -1, "Ensure this value is greater than or equal to 0."),
            ("sale_price", 1.999, "Ensure that there are no more than 2 decimal places."),
            ("sale_from", "tomorrow", "Must be a time such as 2026-03-01T09:00:00Z"),
            ("sale_until", 1772355600, "Must be a time such as 2026-03-01T09:00:00Z"),
            *[
                (field, value, message)
                for field in ("url", "image_url")
                for value, message in (
                    ("javascript:alert(1)", "Must be a whole URL with http:// or https://"),
                    ("data:image/png;base64,AAAA", "Must be a whole URL with http:// or https://"),
                    ("//shop.example/lamp.jpg", "Must be a whole URL with http:// or https://"),
                    ("https:///lamp.jpg", "Must be a whole URL with http:// or https://"),
                    ("https://shop.example:99999/", "Must be a whole URL with http:// or https://"),
                    ("https://[::1/", "Must be a whole URL with http:// or https://"),
                    ("https://ann:secret@shop.example/", "Contains a username or password"),
                    ("https://shop.example/a b.jpg", "Contains ' ' at position 23; write it as %20."),
                    ('https://shop.example/"onload=x', "Contains '\"' at position 22; write it as %22."),
                    ("https://shop.example/" + "x" * 1980, "Ensure this field has no more than 2000"),
                    (7, "Not a valid string."),
                )
            ],
            *[
                ("attributes", value, message)
                for value, message in (
                    ("red", "Must be a JSON object of names, each with a list of texts"),
                    (["red"], "Must be a JSON object of names, each with a list of texts"),
                    (None, "This field may not be null."),
                    ({"colour": "red"}, "The attribute 'colour' must have a list of 1 to 20 texts."),
                    ({"colour": []}, "The attribute 'colour' must have a list of 1 to 20 texts."),
                    ({"colour": [*"abcdefghijklmnopqrstu"]}, "The attribute 'colour' must have a list"),
                    ({"colour": [7]}, "A value of the attribute 'colour' must be a text."),
                    ({"colour": [" "]}, "A value of the attribute 'colour' must have 1 to 255 characters."),
                    ({"colour": ["x" * 256]}, "A value of the attribute 'colour' must have 1 to 255"),
                    (
                        {"colour": ["a\x1fb"]},
                        "A value of the attribute 'colour' contains the control character",
                    ),
                    ({"": ["red"]}, "The name '' must have 1 to 255 characters."),
                    ({"a": ["x"], " a": ["y"]}, "Has the attribute 'a' twice."),
                    ({str(n): ["x"] for n in range(51)}, "Has 51 attributes; at most 50 are allowed."),
                    (
                        {f"n{n}": [f"{m:02}" + "x" * 250 for m in range(20)] for n in range(5)},
                        "Has 25,210 characters; at most 20,000 are allowed.",
                    ),
                )
            ],
            ("description", "a\x1bb", "Contains the control character U+001B"),
            ("description", None, "This field may not be null."),
            ("tags", "led", "Expected a list of items"),
            ("tags", ["led", ""], "This field may not be blank."),
            ("tags", ["x" * 256], "Ensure this field has no more than 255 characters."),
            ("tags", [None], "This field may not be null."),
            ("tags", [{}], "Not a valid string."),
            ("tags", [7], "Not a valid string."),
            ("category", 7, "Not a valid string."),
            ("description", False, "Not a valid string."),
            ("tags", [str(n) for n in range(101)], "Has 101 elements; at most 100 are allowed."),
            ("external_id", "a/b", "Contains a slash"),
            *[("is_active", value, "Must be a valid boolean.") for value in ("perhaps", "true", 1, 0)],
            ("colour", "red", "Unknown field. Allowed: id, external_id, name"),
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
            "external_id is 'lamp': Another product already has this external ID."
        )

    @pytest.mark.parametrize(
        ("sent", "stored"),
        [
            *((stock, stock) for stock in (None, 0, 1, 2**31 - 1)),
            *((b"100.0000", 100), ("100.0000", 100), ("1", 1)),
            *((-1, 0), (-0.0, 0), ("-7.00", 0)),
        ],
    )
    def test_stores_a_stock_and_less_than_nothing_as_sold_out(self, staff_client, sent, stored):
        body = json.dumps({**LAMP, "stock": "@"}).replace(
            '"@"', sent.decode() if isinstance(sent, bytes) else json.dumps(sent)
        )

        answer = staff_client.post("/products", body.encode(), content_type="application/json")

        assert (answer.status_code, answer.json()["stock"]) == (201, stored)
        assert Product.objects.get().stock == stored

    @pytest.mark.parametrize("price", ["34.000000", "34.0", "34", "3400e-2", 34])
    def test_stores_a_price_with_zeros_at_its_end(self, staff_client, price):
        answer = staff_client.post("/products", {**LAMP, "price": price, "sale_price": "12.500000"})

        assert answer.status_code == 201
        assert (answer.json()["price"], answer.json()["sale_price"]) == (34.0, 12.5)

    def test_stores_a_price_to_the_penny(self, staff_client):
        staff_client.post(
            "/products", b'{"name": "Yacht", "price": 1234567890.12}', content_type="application/json"
        )

        assert str(Product.objects.get().price) == "1234567890.12"
