"""Tests of attributes: filters of lists and of the catalogue, which follow every change."""

from typing import Any

import pytest
from django.test import Client

from catalog.models import Product, User
from tests.factories import ProductFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_reads")]
SHIRTS = {
    "red M": {"colour": ["red"], "size": ["M"]},
    "blue M": {"colour": ["blue"], "size": ["M", "L"]},
    "two colours": {"colour": ["red", "blue"], "size": ["S"]},
    "odd": {'na"me.\\$': ["ø, 'quoted' %s"]},
    "plain": {},
}
LISTS = ["/recommend/ext:ann?top_n=9&{}", "/trending?top_n=9&{}", "/products?{}"]


@pytest.fixture(autouse=True)
def ann() -> User:
    for name, attributes in SHIRTS.items():
        ProductFactory(name=name, attributes=attributes)
    return UserFactory(external_id="ann")


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    body = answer.json()
    return [row["name"] for row in body.get("recommended_products", body.get("products"))]


class TestFilter:
    @pytest.mark.parametrize("path", LISTS)
    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("attr.colour=red", ["red M", "two colours"]),
            ("attr.colour=red&attr.colour=blue", ["red M", "blue M", "two colours"]),
            ("attr.colour=blue&attr.size=M", ["blue M"]),
            ("attr.colour=red&attr.colour=green&attr.size=M&attr.size=S", ["red M", "two colours"]),
            ("attr.colour=Red", []),
            ("attr.color=red", []),
            ("attr.na%22me.%5C$=%C3%B8,%20%27quoted%27%20%25s", ["odd"]),
        ],
    )
    def test_finds_any_value_of_one_name_and_all_names(
        self, client: Client, path: str, query: str, found: Any
    ):
        assert names(client.get(path.format(query))) == found

    def test_works_in_a_session_and_beside_other_filters(self, client: Client):
        plain = Product.objects.get(name="plain").pk
        body = {"product_ids": [plain], "attributes": {"colour": ["red"]}, "max_price": 20}

        assert names(client.post("/recommend/session", body, content_type="application/json")) == [
            "red M",
            "two colours",
        ]

    @pytest.mark.parametrize("path", LISTS)
    def test_follows_a_change(self, client: Client, path: str):
        assert names(client.get(path.format("attr.colour=green"))) == []

        Product.objects.filter(name="plain").update(attributes={"colour": ["green"]})
        assert names(client.get(path.format("attr.colour=green"))) == ["plain"]

        Product.objects.filter(name="plain").update(attributes={})
        assert names(client.get(path.format("attr.colour=green"))) == []

    @pytest.mark.parametrize("path", LISTS)
    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ("attr.=red", "attr."),
            ("attr=red", "attr"),
            ("attribute.colour=red", "attribute.colour"),
            ("attr.colour=a%00b", "attr.colour"),
            ("attr.a%00b=red", "attr.a\x00b"),
        ],
    )
    def test_refuses_what_names_nothing(self, client: Client, path: str, query: str, field: str):
        answer = client.get(path.format(query))

        assert answer.status_code == 400
        assert [error["field"] for error in answer.json()["errors"]] == [field]

    @pytest.mark.parametrize(
        ("attributes", "message"),
        [
            ("red", "Must be an object of at most 50 names, each with a list of texts."),
            ({"colour": "red"}, "Must be a list of at most 200."),
            ({"colour": [""]}, "Must be a name of 1 to 255 characters."),
        ],
    )
    def test_of_a_session_says_what_is_wrong(self, client: Client, attributes: Any, message: str):
        body = {"product_ids": [1], "attributes": attributes}

        [error] = client.post("/recommend/session", body, content_type="application/json").json()["errors"]

        assert (error["field"], error["message"]) == ("attributes", message)


class TestAnswer:
    def test_has_names_in_order_and_values_as_given(self, client: Client, staff_client: Any):
        sent = {"size": ["XL", "L"], "b": ["1"], "colour": [" red ", "red"]}
        made = staff_client.post("/products", {"name": "Shirt", "price": 1, "attributes": sent}).json()

        shown = client.get(f"/products/{made['id']}").json()["attributes"]

        assert list(shown.items()) == [("b", ["1"]), ("colour", ["red"]), ("size", ["XL", "L"])]
        listed = client.get("/recommend/ext:ann?attr.b=1").json()["recommended_products"][0]["attributes"]
        assert list(listed.items()) == list(shown.items())
