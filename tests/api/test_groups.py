"""Tests of groups: no list holds two variants of one article, and none is shorter for it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from catalog.models import Product, User
from tests.api.ahead import first, generate, shopper, warm
from tests.factories import InteractionFactory, ProductFactory
from tests.trained import trained

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_reads")]


@pytest.fixture
def alice() -> User:
    """Return Alice, in a shop of a radio, eight speakers in two groups, and two vases."""
    user = shopper()
    for name, group in ((f"Speaker {n}", "small" if n < 4 else "large") for n in range(8)):
        Product.objects.filter(name=name).update(group=group)
    ProductFactory.create_batch(2, category="Home")
    return user


def shown(answer: Any) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.content
    body = answer.json()
    rows: list[dict[str, Any]] = body.get("recommended_products") or body["products"]
    return rows


def session(client: Client, **body: Any) -> Any:
    return client.post("/recommend/session", body, content_type="application/json")


LISTS: dict[str, Callable[[Client], Any]] = {
    "content": lambda client: client.get("/recommend/ext:alice?top_n=9"),
    "popular": lambda client: client.get("/recommend/ext:alice?strategy=popular&top_n=9"),
    "collaborative": lambda client: client.get("/recommend/ext:alice?strategy=collaborative&top_n=9"),
    "diverse": lambda client: client.get("/recommend/ext:alice?top_n=9&diversity=0.9"),
    "trending": lambda client: client.get("/trending?top_n=9"),
    "popular products": lambda client: client.get("/products/popular?top_n=9"),
    "session": lambda client: session(client, product_ids=[radio()], top_n=9),
    "similar": lambda client: client.get(f"/products/{radio()}/similar?top_n=9"),
}


def radio() -> int:
    return Product.objects.get(name="Radio").pk


class TestEachList:
    @pytest.mark.parametrize("name", LISTS)
    def test_holds_one_of_each_group(self, client: Client, alice: User, name: str):
        rows = shown(LISTS[name](client))

        groups = [row["group"] for row in rows if row["group"]]
        assert sorted(groups) == ["large", "small"]
        # Two groups and, where everything is shown, both vases; the radio where Alice does not matter.
        n_more = {"similar": 0, "trending": 3, "popular products": 3}.get(name, 2)
        assert len(rows) == 2 + n_more

    def test_goes_on_after_an_offset_without_a_group_again(self, client: Client, alice: User):
        head = shown(client.get("/recommend/ext:alice?top_n=1"))
        tail = shown(client.get("/recommend/ext:alice?top_n=9&offset=1"))

        assert [row["id"] for row in head + tail] == [row["id"] for row in shown(LISTS["content"](client))]

    def test_shows_another_variant_when_the_best_is_left_out(self, client: Client, alice: User):
        best = shown(client.get("/recommend/ext:alice?top_n=1"))[0]

        other = shown(client.get(f"/recommend/ext:alice?top_n=1&exclude={best['id']}"))[0]

        assert (other["group"], other["id"] == best["id"]) == (best["group"], False)

    def test_shows_the_variants_of_what_was_bought(self, client: Client, alice: User):
        InteractionFactory(user=alice, product=Product.objects.get(name="Speaker 0"), action_type="purchase")

        assert "Speaker 1" in {row["name"] for row in shown(client.get("/recommend/ext:alice"))}


class TestStoredLists:
    def test_hold_one_of_each_group(self, client: Client, alice: User):
        generate(alice, n=4)

        rows = shown(client.get("/recommend/ext:alice?top_n=4"))

        assert sorted(row["group"] for row in rows) == ["", "", "large", "small"]

    def test_do_not_answer_once_two_of_their_products_are_one_article(self, client: Client, alice: User):
        generate(alice, n=4)
        warm(client, alice, "?top_n=4")
        Product.objects.filter(category__name="Home").update(group="vases")

        rows = shown(client.get("/recommend/ext:alice?top_n=4"))

        assert sorted(row["group"] for row in rows) == ["large", "small", "vases"]
        assert first(alice).group


class TestSimilar:
    def test_leaves_out_the_variants_of_the_product(self, client: Client, alice: User):
        asked = Product.objects.get(name="Speaker 0")

        rows = shown(client.get(f"/products/{asked.pk}/similar?top_n=9"))

        assert [row["group"] for row in rows if row["name"] != "Radio"] == ["large"]


class TestBoughtTogether:
    def test_may_be_a_variant_but_only_one(self, client: Client, alice: User, settings: Any, tmp_path: Any):
        settings.RECOMMENDATIONS = {**settings.RECOMMENDATIONS, "MODEL_DIR": str(tmp_path)}
        for _ in range(3):
            buyer = shopper_without_events()
            for n in range(3):
                product = Product.objects.get(name=f"Speaker {n}")
                InteractionFactory(user=buyer, product=product, action_type="purchase")
        trained("together")
        asked = Product.objects.get(name="Speaker 0")

        rows = shown(client.get(f"/products/{asked.pk}/bought-together"))

        assert [row["group"] for row in rows] == ["small"]


def shopper_without_events() -> User:
    return User.objects.create(name="Bob")


class TestFilter:
    def test_finds_the_best_of_the_groups(self, client: Client, alice: User):
        rows = shown(client.get("/recommend/ext:alice?group=small&group=large&group=none&top_n=9"))

        assert sorted(row["group"] for row in rows) == ["large", "small"]
        assert shown(session(client, product_ids=[radio()], group=["small"]))[0]["group"] == "small"
        assert client.get("/trending?group=none").json()["recommended_products"] == []

    def test_finds_all_variants_in_the_catalogue(self, client: Client, alice: User):
        assert len(shown(client.get("/products?group=small"))) == 4

    def test_follows_a_product_into_another_group(self, client: Client, alice: User):
        path = "/recommend/ext:alice?group=new&top_n=9"
        assert client.get(path).json()["recommended_products"] == []

        Product.objects.filter(name="Speaker 3").update(group="new")

        assert [row["name"] for row in shown(client.get(path))] == ["Speaker 3"]
