"""From an empty database to a recommendation that changes with what the shopper does."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from recommendations import wiring
from recommendations.models import StoredList
from tests.factories import StaffFactory

pytestmark = pytest.mark.django_db

SHOP = Path(__file__).parents[2] / "data" / "example_shop"


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(StaffFactory())
    return client


@pytest.fixture
def shop(staff: Client) -> Client:
    call_command("import_shop", str(SHOP), verbosity=0)
    return staff


def recommended(client: Client, user: str, top_n: int = 5) -> dict[str, Any]:
    return client.get(f"/recommend/ext:{user}", {"top_n": top_n}).json()


def scores(answer: dict[str, Any]) -> list[tuple[str, float]]:
    return [(product["name"], product["score"]) for product in answer["recommended_products"]]


def report(client: Client, user: str, product: str, action: str) -> None:
    body = {"user_id": f"ext:{user}", "product_id": f"ext:{product}", "action_type": action}
    assert client.post("/interactions", body, content_type="application/json").status_code == 201


class TestStory:
    def test_import_generate_ask_interact_ask_again(self, shop: Client):
        call_command("generate_recommendations", verbosity=0)
        assert StoredList.objects.count() == 8
        before = recommended(shop, "alice")

        report(shop, "alice", "wireless-earbuds", "purchase")
        after = recommended(shop, "alice")

        assert scores(before)[0] == ("Wireless Earbuds", 16.0)
        assert "Wireless Earbuds" not in dict(scores(after))
        assert after["user_behavior_summary"].startswith("Recently purchased: Wireless Earbuds, ")

    def test_gives_alice_what_was_worked_out_by_hand(self, shop: Client):
        answer = recommended(shop, "alice", 10)

        assert scores(answer) == [
            ("Wireless Earbuds", 16.0),
            ("Power Bank", 16.0),
            ("Smart Watch", 13.0),
            ("E-Reader", 13.0),
            ("Wireless Charger", 13.0),
            ("Laptop Sleeve", 13.0),
            ("Wired Earbuds", 13.0),
            ("Phone Case", 10.0),
            ("Action Camera", 10.0),
            ("USB-C Cable", 10.0),
        ]
        assert answer["user_behavior_summary"] == (
            "Recently purchased: Bluetooth Tracker, Wireless Headphones, Bluetooth Speaker. "
            "Recently viewed: Speaker Bag, Headphone Stand, Bluetooth Tracker. "
            "Interested in: Electronics, Accessories."
        )

    def test_gives_each_shopper_a_list_of_their_own(self, shop: Client):
        users = [user["external_id"] for user in shop.get("/users").json()["users"]]

        lists = {user: scores(recommended(shop, user)) for user in users}

        assert len(users) == 8
        assert all(len(products) == 5 for products in lists.values())
        assert len({str(products) for products in lists.values()}) >= 7

    def test_gives_a_shopper_without_history_what_is_popular(self, shop: Client):
        answer = recommended(shop, "frank")

        popular = shop.get("/products/popular?limit=5").json()["products"]
        assert answer["fallback"] == "popular"
        assert [product["name"] for product in answer["recommended_products"]] == [
            product["name"] for product in popular
        ]

    def test_fills_carols_list_up_with_what_is_popular(self, shop: Client):
        answer = recommended(shop, "carol")

        assert [score > 0 for _, score in scores(answer)] == [True, True, False, False, False]
        assert answer["fallback"] is None

    def test_gives_an_empty_list_to_who_bought_everything(self, shop: Client):
        products = shop.get("/products?page_size=200").json()["products"]
        bought = [
            {"user_id": "ext:frank", "product_id": product["id"], "action_type": "purchase"}
            for product in products
        ]

        assert shop.post("/interactions", bought, content_type="application/json").status_code == 201

        answer = recommended(shop, "frank")
        assert answer["recommended_products"] == []
        assert answer["llm_explanation"].startswith("Hi Frank")

    def test_gives_the_whole_catalogue_when_asked_for_more(self, shop: Client):
        answer = recommended(shop, "frank", 100)

        assert len(answer["recommended_products"]) == 30

    def test_answers_in_an_empty_catalogue(self, staff: Client):
        assert (
            staff.put("/users/ext:solo", {"name": "Solo"}, content_type="application/json").status_code == 201
        )

        answer = recommended(staff, "solo")

        assert answer["recommended_products"] == []
        assert answer["fallback"] == "popular"

    def test_answers_in_a_shop_of_one_product(self, staff: Client):
        staff.put("/users/ext:solo", {"name": "Solo"}, content_type="application/json")
        mug = {"name": "Mug", "category": "Home", "price": 4.5, "tags": ["cup"]}
        assert staff.put("/products/ext:mug", mug, content_type="application/json").status_code == 201
        wiring.forget()

        first = recommended(staff, "solo")
        report(staff, "solo", "mug", "view")

        assert scores(first) == [("Mug", 0.0)]
        assert scores(recommended(staff, "solo")) == []

    def test_greets_shoppers_with_names_of_any_script(self, shop: Client):
        users = {user["name"]: user["id"] for user in shop.get("/users").json()["users"]}

        answer = shop.get(f"/recommend/{users['健二']}").json()

        assert answer["user_name"] == "健二"
        assert answer["llm_explanation"].startswith("Hi 健二!")

    def test_deactivating_a_product_takes_it_out_of_stored_and_live_lists_at_once(self, shop: Client):
        call_command("generate_recommendations", verbosity=0)

        gone = shop.patch(
            "/products/ext:wireless-earbuds", {"is_active": False}, content_type="application/json"
        )

        assert gone.status_code == 200
        names = dict(scores(recommended(shop, "alice")))
        assert "Wireless Earbuds" not in names
        assert len(names) == 5
