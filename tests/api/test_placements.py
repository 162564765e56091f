"""The placements other than the shopper's own list: their products and their order."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from catalog.models import Product, User
from recommendations import wiring
from tests.factories import NOON, InteractionFactory, ProductFactory, StaffFactory, UserFactory
from tests.trained import trained

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _open_reads(settings: Any, tmp_path: Path) -> None:
    settings.API_OPEN_READS = True
    settings.RECOMMENDATIONS = {**settings.RECOMMENDATIONS, "MODEL_DIR": str(tmp_path)}
    wiring.forget()


def shown(answer: Any) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.json()
    for product in answer.json()["recommended_products"]:
        assert sum(round(reason["points"] * 1000) for reason in product["reasons"]) == round(
            product["score"] * 1000
        )
    return answer.json()["recommended_products"]


def names(answer: Any) -> list[str]:
    return [product["name"] for product in shown(answer)]


def buy(product: Product, user: User, days: float = 0) -> None:
    InteractionFactory(user=user, product=product, action_type="purchase", occurred_at=NOON + days * DAY)


class TestTrending:
    def test_shows_trending_products_and_then_popular_ones(self, client: Client):
        old, new = ProductFactory(name="Old"), ProductFactory(name="New", category="Home")
        ProductFactory(name="Unmet")
        for _ in range(3):
            InteractionFactory(product=old, occurred_at=NOON - 30 * DAY)
        InteractionFactory(product=new)

        answer = client.get("/trending")

        assert names(answer) == ["New", "Old", "Unmet"]
        assert shown(answer)[0]["reasons"] == [{"kind": "trending", "value": 1, "points": 1.0}]
        assert {key: answer.json()[key] for key in ("placement", "strategy", "fallback")} == {
            "placement": "trending",
            "strategy": "trending",
            "fallback": None,
        }

    def test_applies_filters(self, client: Client):
        for n in range(4):
            InteractionFactory(product=ProductFactory(name=f"P{n}", category="AB"[n % 2], price=n + 1))

        assert names(client.get("/trending?category=A")) == ["P0", "P2"]
        assert names(client.get("/trending?category=A&category=B&min_price=2&offset=1&top_n=1")) == ["P2"]

    def test_filters_by_current_prices(self, client: Client):
        lamp, _ = (ProductFactory(name=name, price=5) for name in ("Lamp", "Vase"))
        client.get("/trending")

        Product.objects.filter(pk=lamp.pk).update(price=7)

        assert names(client.get("/trending?max_price=5")) == ["Vase"]

    def test_names_popular_as_the_fallback_when_nothing_trends(self, client: Client):
        ProductFactory(name="Lamp")

        answer = client.get("/trending")

        assert names(answer) == ["Lamp"]
        assert answer.json()["fallback"] == "popular"

    def test_makes_one_query(self, client: Client, django_assert_num_queries: Any):
        InteractionFactory.create_batch(5)
        client.get("/trending")

        with django_assert_num_queries(1):
            client.get("/trending")


class TestSession:
    def ask(self, client: Client, **body: Any) -> Any:
        return client.post("/recommend/session", body, content_type="application/json")

    @pytest.fixture
    def shop(self) -> dict[str, Product]:
        return {
            name: ProductFactory(name=name, external_id=name.lower(), category=category)
            for name, category in [("Radio", "Audio"), ("Amp", "Audio"), ("Vase", "Home"), ("Pot", "Home")]
        }

    def test_recommends_by_the_session_without_its_products(self, client: Client, shop: dict[str, Product]):
        answer = self.ask(client, product_ids=["ext:radio", shop["Vase"].id], top_n=2)

        assert names(answer) == ["Amp", "Pot"]
        assert answer.json()["placement"] == "session"
        assert answer.json()["strategy"] == "content"

    def test_takes_the_last_product_as_the_newest(self, client: Client, settings: Any, shop: Any):
        content = settings.RECOMMENDATIONS["STRATEGIES"]["content"]
        options = {**content["OPTIONS"], "top_categories": 1}
        settings.RECOMMENDATIONS["STRATEGIES"] = {
            **settings.RECOMMENDATIONS["STRATEGIES"],
            "content": {**content, "OPTIONS": options},
        }
        wiring.forget()

        assert names(self.ask(client, product_ids=["ext:radio", "ext:vase"], top_n=1)) == ["Pot"]
        assert names(self.ask(client, product_ids=["ext:vase", "ext:radio"], top_n=1)) == ["Amp"]

    def test_applies_filters(self, client: Client, shop: dict[str, Product]):
        answer = self.ask(
            client,
            product_ids=["ext:radio"],
            strategy="popular",
            category=["Home", "Audio"],
            exclude=["ext:pot"],
            offset=1,
            min_price=1,
            max_price=9.99,
            diversity=0.5,
        )

        assert names(answer) == ["Vase"]
        assert answer.json()["strategy"] == "popular"

    def test_accepts_a_product_newer_than_the_snapshot(self, client: Client, shop: dict[str, Product]):
        self.ask(client, product_ids=["ext:radio"])
        ProductFactory(external_id="mug", category="Home")

        assert names(self.ask(client, product_ids=["ext:mug"], top_n=1)) == ["Vase"]

    def test_uses_a_collaborative_model(self, client: Client, shop: dict[str, Product], settings: Any):
        learned = {
            "CLASS": "recommendations.strategies.collaborative.Collaborative",
            "OPTIONS": {"regularisation": 1},
        }
        strategies = {**settings.RECOMMENDATIONS["STRATEGIES"], "collaborative": learned}
        settings.RECOMMENDATIONS = {**settings.RECOMMENDATIONS, "STRATEGIES": strategies}
        wiring.forget()
        for basket in [["Radio", "Vase"]] * 3 + [["Amp", "Pot"]] * 3:
            user = UserFactory()
            for name in basket:
                buy(shop[name], user)
        trained("collaborative")

        answer = self.ask(client, product_ids=["ext:radio"], strategy="collaborative", top_n=1)

        assert names(answer) == ["Vase"]
        assert [(r["kind"], r["name"]) for r in shown(answer)[0]["reasons"]] == [("because", "Radio")]

    def test_creates_no_user_and_stores_nothing(self, client: Client, shop: dict[str, Product]):
        self.ask(client, product_ids=["ext:radio"])

        assert not User.objects.exists()

    def test_makes_two_queries(
        self, client: Client, shop: dict[str, Product], django_assert_num_queries: Any
    ):
        self.ask(client, product_ids=["ext:radio"])

        with django_assert_num_queries(2):  # the ids, and the state of the shop
            self.ask(client, product_ids=["ext:radio", "ext:pot"])

    @pytest.mark.parametrize(
        ("body", "field", "value"),
        [
            ({"product_ids": []}, "product_ids", "[]"),
            ({"product_ids": "ext:radio"}, "product_ids", "ext:radio"),
            ({"product_ids": [1.5]}, "product_ids", "[1.5]"),
            ({"product_ids": [True]}, "product_ids", "[true]"),
            ({}, "product_ids", None),
            ({"product_ids": ["ext:radio"], "top_n": "5"}, "top_n", "5"),
            ({"product_ids": ["ext:radio"], "top_n": True}, "top_n", True),
            ({"product_ids": ["ext:radio"], "category": "Home"}, "category", "Home"),
            ({"product_ids": ["ext:radio"], "category": ["home"]}, "category", "home"),
            ({"product_ids": ["ext:radio"], "category": ["a\x00b"]}, "category", '["a\\u0000b"]'),
            ({"product_ids": ["ext:radio"], "min_price": 1.234}, "min_price", 1.234),
            ({"product_ids": ["ext:radio"], "strategy": "magic"}, "strategy", "magic"),
            ({"product_ids": ["ext:radio"], "user_id": 3}, "user_id", 3),
        ],
    )
    def test_rejects_invalid_fields(
        self, client: Client, shop: dict[str, Product], body: dict[str, Any], field: str, value: Any
    ):
        answer = self.ask(client, **body)

        assert answer.status_code == 400
        (error,) = answer.json()["errors"]
        assert (error["field"], error["value"]) == (field, value)

    def test_rejects_a_body_that_is_not_an_object(self, client: Client):
        answer = client.post("/recommend/session", "[1]", content_type="application/json")

        assert answer.status_code == 400
        assert "Must be an object" in answer.json()["detail"]

    @pytest.mark.parametrize("field", ["product_ids", "exclude"])
    def test_reveals_an_inactive_product_only_to_staff(
        self, client: Client, shop: dict[str, Product], field: str
    ):
        hidden = ProductFactory(name="Secret", is_active=False)
        body = {"product_ids": ["ext:radio"], field: [hidden.id]}

        shown = self.ask(client, **body)
        client.force_login(StaffFactory())

        assert shown.json()["ignored"] == [str(hidden.id)]
        assert self.ask(client, **body).json()["ignored"] == []

    def test_needs_only_permission_to_read(self, client: Client, shop: dict[str, Product], settings: Any):
        settings.API_OPEN_READS = False
        assert self.ask(client, product_ids=["ext:radio"]).status_code == 401

        client.force_login(StaffFactory())

        assert self.ask(client, product_ids=["ext:radio"]).status_code == 200


class TestBuyAgain:
    def test_orders_by_how_due_products_are(self, client: Client):
        user = UserFactory(external_id="ann")
        coffee, soap, lamp = (ProductFactory(name=name) for name in ("Coffee", "Soap", "Lamp"))
        for days in (0, 10, 20):
            buy(coffee, user, days)
        for days in (0, 2, 4, 5):
            buy(soap, user, days)
        buy(lamp, user, 25)

        answer = client.get("/recommend/ext:ann/buy-again")

        assert [(p["name"], p["score"], p["reasons"]) for p in shown(answer)] == [
            (
                "Soap",
                10.0,
                [
                    {"kind": "bought", "value": 4, "points": 0.0},
                    {"kind": "due", "value": 10000, "points": 10.0},
                ],
            ),
            (
                "Coffee",
                0.5,
                [
                    {"kind": "bought", "value": 3, "points": 0.0},
                    {"kind": "due", "value": 500, "points": 0.5},
                ],
            ),
        ]
        assert answer.json()["placement"] == "buy-again"

    def test_uses_the_shops_clock(self, client: Client):
        user = UserFactory(external_id="ann")
        coffee = ProductFactory(name="Coffee")
        buy(coffee, user, 0)
        buy(coffee, user, 10)

        InteractionFactory(occurred_at=NOON + 30 * DAY)

        assert [p["score"] for p in shown(client.get("/recommend/ext:ann/buy-again"))] == [2.0]

    def test_counts_days_to_now_in_a_shop_that_has_been_quiet_for_weeks(self, client: Client):
        user = UserFactory(external_id="ann")
        coffee = ProductFactory(name="Coffee")
        today = timezone.now()
        for days in (60, 40, 20):
            InteractionFactory(
                user=user, product=coffee, action_type="purchase", occurred_at=today - timedelta(days=days)
            )

        assert [p["score"] for p in shown(client.get("/recommend/ext:ann/buy-again"))] == [1.0]

    def test_counts_days_not_purchases(self, client: Client):
        user = UserFactory(external_id="ann")
        coffee = ProductFactory()
        buy(coffee, user, 0)
        buy(coffee, user, 0.1)

        assert shown(client.get("/recommend/ext:ann/buy-again")) == []

    def test_leaves_out_dismissed_products(self, client: Client):
        user = UserFactory(external_id="ann")
        coffee, soap = ProductFactory(), ProductFactory(name="Soap")
        for product in (coffee, soap):
            buy(product, user, 0)
            buy(product, user, 3)
        InteractionFactory(user=user, product=coffee, action_type="dismiss")

        assert names(client.get("/recommend/ext:ann/buy-again")) == ["Soap"]

    def test_applies_filters(self, client: Client):
        user = UserFactory(external_id="ann")
        for n in range(4):
            product = ProductFactory(name=f"P{n}", category="AB"[n % 2], price=n + 1)
            buy(product, user, 0)
            buy(product, user, 9)

        assert names(client.get("/recommend/ext:ann/buy-again?category=B&max_price=2")) == ["P1"]
        assert names(client.get("/recommend/ext:ann/buy-again?offset=1&top_n=2")) == ["P1", "P2"]

    def test_responds_404_for_an_unknown_shopper(self, client: Client):
        assert client.get("/recommend/ext:nobody/buy-again").status_code == 404

    def test_makes_three_queries(self, client: Client, django_assert_num_queries: Any):
        user = UserFactory(external_id="ann")
        coffee = ProductFactory()
        buy(coffee, user, 0)
        buy(coffee, user, 3)
        client.get("/recommend/ext:ann/buy-again")

        with django_assert_num_queries(3):  # the shopper, the state of the shop, the history
            client.get("/recommend/ext:ann/buy-again")


class TestBoughtTogether:
    @pytest.fixture
    def shop(self) -> dict[str, Product]:
        """Tea goes with a pot in 3 of 10 baskets, with sugar in 3; sugar goes with salt, too."""
        shop = {name: ProductFactory(name=name, external_id=name.lower()) for name in ("Tea", "Pot", "Sugar")}
        shop["Salt"] = ProductFactory(name="Salt", external_id="salt", category="Food")
        for basket in [["Tea", "Pot"]] * 3 + [["Tea", "Sugar"]] * 3 + [["Sugar", "Salt"]] + [["Salt"]] * 3:
            user = UserFactory()
            for name in basket:
                buy(shop[name], user)
        return shop

    def test_orders_by_lift_and_returns_lift_and_count(self, client: Client, shop: dict[str, Product]):
        trained("together")

        answer = client.get("/products/ext:tea/bought-together")

        assert [(p["name"], p["score"], p["reasons"]) for p in shown(answer)] == [
            (
                "Pot",
                1.667,
                [
                    {"kind": "together", "value": 3, "points": 0.0},
                    {"kind": "lift", "value": 1667, "points": 1.667},
                ],
            ),
            (
                "Sugar",
                1.25,
                [
                    {"kind": "together", "value": 3, "points": 0.0},
                    {"kind": "lift", "value": 1250, "points": 1.25},
                ],
            ),
        ]
        assert {key: answer.json()[key] for key in ("placement", "strategy", "fallback")} == {
            "placement": "bought-together",
            "strategy": "together",
            "fallback": None,
        }

    def test_is_empty_while_no_model_is_active(self, client: Client, shop: dict[str, Product]):
        trained("together", active=False)

        answer = client.get("/products/ext:tea/bought-together")

        assert (shown(answer), answer.json()["untrained"]) == ([], True)

    def test_applies_filters(self, client: Client, shop: dict[str, Product]):
        trained("together")

        assert names(client.get("/products/ext:tea/bought-together?exclude=ext:pot")) == ["Sugar"]
        assert names(client.get("/products/ext:tea/bought-together?category=Food")) == []

    def test_answers_for_a_product_that_is_sold_out(self, client: Client, shop: dict[str, Product]):
        trained("together")
        Product.objects.filter(external_id="tea").update(stock=0)

        assert names(client.get("/products/ext:tea/bought-together")) == ["Pot", "Sugar"]

    def test_serves_a_shopper_as_a_strategy(self, client: Client, shop: dict[str, Product]):
        trained("together")
        buy(shop["Pot"], UserFactory(external_id="ann"), 1)

        answer = client.get("/recommend/ext:ann?strategy=together&top_n=1").json()

        assert [p["name"] for p in answer["recommended_products"]] == ["Tea"]
        assert (answer["strategy"], answer["fallback"]) == ("together", None)

    def test_uses_the_whole_cart_of_a_visitor(self, client: Client, shop: dict[str, Product]):
        """The shop's time is one second after midnight; the cart is still one basket."""
        InteractionFactory(product=shop["Salt"], occurred_at=NOON + timedelta(hours=12, seconds=1))
        trained("together")
        cart = ["ext:pot", "ext:salt", "ext:sugar"]

        answer = client.post(
            "/recommend/session",
            {"product_ids": cart, "strategy": "together", "top_n": 1},
            content_type="application/json",
        )

        assert [(p["name"], p["score"]) for p in shown(answer)] == [("Tea", 1.667)]
        assert (answer.json()["strategy"], answer.json()["fallback"]) == ("together", None)

    def test_makes_one_query(self, client: Client, shop: dict[str, Product], django_assert_num_queries: Any):
        trained("together")
        client.get("/products/ext:tea/bought-together")

        with django_assert_num_queries(1):
            client.get("/products/ext:tea/bought-together")


class TestUnknownProducts:
    @pytest.mark.parametrize("placement", ["similar", "bought-together"])
    @pytest.mark.parametrize("key", ["999999", "ext:none", "abc", "9" * 30, "ext:hidden"])
    def test_are_unknown(self, client: Client, placement: str, key: str):
        ProductFactory(external_id="hidden", is_active=False)

        answer = client.get(f"/products/{key}/{placement}")

        assert answer.status_code == 404
        assert answer.headers["Content-Type"] == "application/problem+json"

    @pytest.mark.parametrize("placement", ["similar", "bought-together"])
    def test_are_known_to_staff_when_inactive(self, client: Client, placement: str):
        ProductFactory(external_id="hidden", is_active=False)
        client.force_login(StaffFactory())

        assert client.get(f"/products/ext:hidden/{placement}").status_code == 200
