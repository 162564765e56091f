"""Products that a request names and that do not exist: left out, and named in `ignored`."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from catalog.models import Product, User
from tests.factories import InteractionFactory, ProductFactory, StaffFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_reads", "shop")]


@pytest.fixture
def shop(db: None) -> list[Product]:
    """Five products, of which one is known as `cup`."""
    return [ProductFactory(external_id=key) for key in ("cup", "jug", "pan", "pot", "tin")]


@pytest.fixture
def anna(db: None) -> User:
    return UserFactory(external_id="anna")


def exclude(client: Client, *references: object) -> Any:
    return client.get("/recommend/ext:anna", {"exclude": [str(one) for one in references], "top_n": 3})


def session(client: Client, **body: Any) -> Any:
    return client.post("/recommend/session", body, content_type="application/json")


def keys(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [product["external_id"] for product in answer.json()["recommended_products"]]


@pytest.mark.usefixtures("anna")
class TestIgnored:
    def test_names_what_does_not_exist_in_the_order_sent(self, client):
        answer = exclude(client, "ext:gone", "ext:cup", 999_999)

        assert answer.json()["ignored"] == ["ext:gone", "999999"]
        assert len(keys(answer)) == 3
        assert "cup" not in keys(answer)

    def test_is_empty_when_all_exist(self, client):
        assert exclude(client, "ext:cup").json()["ignored"] == []

    def test_is_absent_when_no_product_is_named(self, client):
        assert "ignored" not in client.get("/recommend/ext:anna").json()
        assert "ignored" not in client.get("/trending").json()

    @pytest.mark.parametrize(
        "address", ["/trending", "/products/ext:cup/similar", "/recommend/ext:anna/buy-again"]
    )
    def test_is_part_of_every_list_that_excludes(self, client, address):
        assert client.get(address, {"exclude": "ext:gone"}).json()["ignored"] == ["ext:gone"]

    def test_names_each_product_of_a_session_once(self, client):
        answer = session(
            client, product_ids=["ext:gone", "ext:cup", 999_999], exclude=["ext:gone", "ext:old"]
        )

        assert answer.json()["ignored"] == ["ext:gone", "999999", "ext:old"]
        assert "cup" not in keys(answer)

    def test_leaves_popular_products_when_nothing_of_a_session_exists(self, client):
        answer = session(client, product_ids=["ext:gone"])

        assert answer.json()["ignored"] == ["ext:gone"]
        assert len(keys(answer)) == 5

    def test_does_not_tell_inactive_products_from_unknown_ones(self, client):
        ProductFactory(external_id="hidden", is_active=False)

        assert exclude(client, "ext:hidden", "ext:gone").json()["ignored"] == ["ext:hidden", "ext:gone"]

    def test_does_not_name_inactive_products_to_staff(self, client):
        ProductFactory(external_id="hidden", is_active=False)
        client.force_login(StaffFactory())

        assert exclude(client, "ext:hidden", "ext:gone").json()["ignored"] == ["ext:gone"]

    @pytest.mark.parametrize("reference", ["cup", "ext:", "0", "1.5", "-1"])
    def test_is_not_for_what_no_id_can_be(self, client, reference):
        assert exclude(client, reference).status_code == 400


def _set(key: str, **values: Any) -> Callable[[], object]:
    return lambda: Product.objects.filter(external_id=key).update(**values)


# What is excluded, what is ignored of it, the change, and what is ignored after it.
CHANGES = {
    "a product with the key is added": (
        ["ext:new"],
        ["ext:new"],
        lambda: ProductFactory(external_id="new"),
        [],
    ),
    "a product gets the key": (["ext:new"], ["ext:new"], _set("pot", external_id="new"), []),
    "it becomes active": (["ext:hidden"], ["ext:hidden"], _set("hidden", is_active=True), []),
    "it becomes inactive": (["ext:cup"], [], _set("cup", is_active=False), ["ext:cup"]),
    "it is sold out and becomes inactive": (["ext:sold"], [], _set("sold", is_active=False), ["ext:sold"]),
    "it loses the key": (["ext:cup"], [], _set("cup", external_id="mug"), ["ext:cup"]),
    "it is deleted": (["ext:cup"], [], lambda: Product.objects.get(external_id="cup").delete(), ["ext:cup"]),
}


class TestCaches:
    """An answer that was kept says what is ignored now, and its ETag is another."""

    @pytest.mark.parametrize("name", CHANGES)
    def test_follow(self, client, anna, name):
        named, before, change, after = CHANGES[name]
        ProductFactory(external_id="hidden", is_active=False)
        ProductFactory(external_id="sold", stock=0)
        InteractionFactory(user=anna, product=Product.objects.get(external_id="tin"))
        first = [exclude(client, *named) for _ in range(3)][-1]
        assert first.json()["ignored"] == before

        change()

        second = client.get(
            "/recommend/ext:anna",
            {"exclude": named, "top_n": 3},
            headers={"If-None-Match": first.headers["ETag"]},
        )
        assert second.status_code == 200
        assert second.json()["ignored"] == after

    def test_keep_an_answer_that_ignores_nothing(self, client, anna, django_assert_num_queries):
        for _ in range(2):
            exclude(client, "ext:cup")

        with django_assert_num_queries(1):
            exclude(client, "ext:cup")
