"""GET /products/{id}/similar: by content alone, and blended with behaviour."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from catalog.models import Product
from recommendations import wiring
from tests.factories import InteractionFactory, ProductFactory, UserFactory
from tests.trained import trained

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _open_reads(settings: Any, tmp_path: Path) -> None:
    """A strategy that learns from who bought what stands in the place of the collaborative one."""
    settings.API_OPEN_READS = True
    settings.RECOMMENDATIONS = {
        **settings.RECOMMENDATIONS,
        "MODEL_DIR": str(tmp_path),
        "STRATEGIES": {
            **settings.RECOMMENDATIONS["STRATEGIES"],
            "collaborative": {
                "CLASS": "recommendations.strategies.together.Together",
                "OPTIONS": {"min_support": 1},
            },
        },
    }
    wiring.forget()


@pytest.fixture
def shop() -> dict[str, Product]:
    made = {
        "Radio": ("Audio", ["fm", "retro"]),
        "Tuner": ("Audio", ["fm"]),
        "Clock": ("Home", ["retro", "fm"]),
        "Amp": ("Audio", []),
        "Battery": ("Power", []),
        "Vase": ("Home", []),
    }
    return {
        name: ProductFactory(name=name, external_id=name.lower(), category=category, tags=tags)
        for name, (category, tags) in made.items()
    }


def bought(shop: dict[str, Product], *baskets: tuple[str, ...]) -> None:
    for basket in baskets:
        user = UserFactory()
        for name in basket:
            InteractionFactory(user=user, product=shop[name], action_type="purchase")


def scores(answer: Any) -> list[tuple[str, float]]:
    assert answer.status_code == 200
    return [(product["name"], product["score"]) for product in answer.json()["recommended_products"]]


class TestSimilar:
    def test_works_on_content_alone_without_a_model(self, client: Client, shop: dict[str, Product]):
        answer = client.get("/products/ext:radio/similar")

        assert scores(answer) == [("Tuner", 13.0), ("Amp", 10.0), ("Clock", 6.0)]
        assert answer.json()["recommended_products"][0]["reasons"] == [
            {"kind": "category", "value": "Audio", "points": 10.0},
            {"kind": "tag", "value": "fm", "points": 3.0},
        ]
        assert {key: answer.json()[key] for key in ("placement", "strategy", "fallback")} == {
            "placement": "similar",
            "strategy": "content",
            "fallback": None,
        }

    def test_adds_what_behaviour_says(self, client: Client, shop: dict[str, Product]):
        bought(shop, ("Radio", "Battery"), ("Radio", "Amp"), ("Vase",), ("Vase",))
        trained("collaborative")

        answer = client.get("/products/ext:radio/similar")

        assert scores(answer) == [("Tuner", 13.0), ("Amp", 12.0), ("Clock", 6.0), ("Battery", 2.0)]
        by_both = answer.json()["recommended_products"][1]["reasons"]
        assert by_both == [
            {"kind": "category", "value": "Audio", "points": 10.0},
            {"kind": "similar", "value": shop["Radio"].id, "points": 2.0, "name": "Radio"},
        ]
        assert answer.json()["strategy"] == "collaborative"

    def test_names_content_where_the_model_cannot_be_opened(
        self, client: Client, shop: dict[str, Product], tmp_path: Path
    ):
        bought(shop, ("Radio", "Battery"), ("Vase",))
        trained("collaborative")
        (tmp_path / "collaborative/v1/manifest.json").unlink()

        answer = client.get("/products/ext:radio/similar")

        assert scores(answer) == [("Tuner", 13.0), ("Amp", 10.0), ("Clock", 6.0)]
        assert answer.json()["strategy"] == "content"

    def test_gives_a_product_without_events_its_neighbours_by_content(
        self, client: Client, shop: dict[str, Product]
    ):
        bought(shop, ("Radio", "Battery"))
        trained("collaborative")

        assert scores(client.get("/products/ext:amp/similar")) == [("Radio", 10.0), ("Tuner", 10.0)]

    def test_brings_a_product_without_events_to_others(self, client: Client, shop: dict[str, Product]):
        bought(shop, ("Radio", "Battery"), ("Vase",))
        trained("collaborative")
        ProductFactory(name="Brand new", category="Power")
        wiring.forget()

        assert scores(client.get("/products/ext:battery/similar")) == [("Brand new", 10.0), ("Radio", 2.0)]

    def test_counts_more_tags_than_a_taste_has(self, client: Client, shop: dict[str, Product]):
        tags = [f"t{n}" for n in range(8)]
        ProductFactory(external_id="a", category=None, tags=tags)
        ProductFactory(name="B", category=None, tags=tags)

        assert scores(client.get("/products/ext:a/similar")) == [("B", 24.0)]

    def test_knows_a_product_younger_than_the_snapshot(self, client: Client, shop: dict[str, Product]):
        client.get("/products/ext:radio/similar")
        ProductFactory(external_id="new", category="Power")

        assert scores(client.get("/products/ext:new/similar")) == [("Battery", 10.0)]

    def test_can_be_narrowed_down(self, client: Client, shop: dict[str, Product]):
        address = "/products/ext:radio/similar"

        assert scores(client.get(f"{address}?category=Audio&exclude=ext:tuner")) == [("Amp", 10.0)]
        assert scores(client.get(f"{address}?offset=1&top_n=1")) == [("Amp", 10.0)]

    def test_is_empty_where_nothing_is_alike(self, client: Client):
        ProductFactory.create_batch(2, category=None)
        lonely = ProductFactory(category="Odd")

        assert scores(client.get(f"/products/{lonely.id}/similar")) == []

    def test_makes_one_query(self, client: Client, shop: dict[str, Product], django_assert_num_queries: Any):
        trained("collaborative")
        client.get("/products/ext:radio/similar")

        with django_assert_num_queries(1):
            client.get("/products/ext:radio/similar")
