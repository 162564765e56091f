"""GET /recommend/{user_id} with categories, prices, exclusions, diversity, offset and strategy."""

from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.models import Category, Product, User
from recommendations import wiring
from tests.factories import InteractionFactory, ProductFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _open_reads(settings: Any) -> None:
    settings.API_OPEN_READS = True


@pytest.fixture
def alice() -> User:
    user = UserFactory(external_id="alice")
    radio = ProductFactory(name="Radio", category="Audio", tags=["fm"], price=50)
    InteractionFactory(user=user, product=radio)
    return user


@pytest.fixture
def shop(alice: User) -> None:
    """Two products that match, and two for filling up."""
    ProductFactory(name="Amp", external_id="amp", category="Audio", price="100.00")
    ProductFactory(name="Cable", external_id="cable", category="Audio", price="5.00")
    ProductFactory(name="Vase", external_id="vase", category="Home, Garden", price="20.10")
    ProductFactory(name="Pen", external_id="pen", category=None, price="1.00")


def ask(client: Client, query: str = "") -> Any:
    return client.get(f"/recommend/ext:alice?{query}")


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.json()
    return [product["name"] for product in answer.json()["recommended_products"]]


def error(answer: Any) -> tuple[str, Any, str]:
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    (found,) = answer.json()["errors"]
    return found["field"], found["value"], found["message"]


@pytest.mark.usefixtures("shop")
class TestFilters:
    @pytest.mark.parametrize(
        ("query", "left"),
        [
            ("", ["Amp", "Cable", "Vase", "Pen"]),
            ("category=Audio", ["Amp", "Cable"]),
            ("category=Home,+Garden", ["Vase"]),
            ("category=Audio&category=Home,+Garden", ["Amp", "Cable", "Vase"]),
            ("min_price=20.10", ["Amp", "Vase"]),
            ("max_price=20.1", ["Cable", "Vase", "Pen"]),
            ("min_price=5&max_price=5.00", ["Cable"]),
            ("exclude=ext:amp", ["Cable", "Vase", "Pen"]),
            ("exclude=ext:amp&exclude=ext:pen", ["Cable", "Vase"]),
            ("category=Audio&exclude=ext:amp&max_price=10", ["Cable"]),
            ("offset=1&top_n=2", ["Cable", "Vase"]),
            ("offset=4", []),
            ("strategy=popular", ["Amp", "Cable", "Vase", "Pen"]),
        ],
    )
    def test_allow_what_the_query_names(self, client: Client, query: str, left: list[str]):
        assert names(ask(client, query)) == left

    def test_accept_numbers_separated_by_commas(self, client: Client):
        both = Product.objects.filter(external_id__in=["amp", "vase"]).values_list("id", flat=True)

        answer = ask(client, "exclude=" + ",".join(map(str, both)))

        assert names(answer) == ["Cable", "Pen"]

    def test_apply_when_there_is_a_stored_list(self, client: Client):
        call_command("generate_recommendations", verbosity=0)

        assert names(ask(client, "category=Audio&top_n=1&offset=1")) == ["Cable"]

    def test_apply_to_current_prices(self, client: Client):
        ask(client)

        Product.objects.filter(external_id="cable").update(price=60)

        assert names(ask(client, "max_price=21&top_n=1")) == ["Vase"]

    def test_name_the_strategy_that_answered(self, client: Client):
        assert ask(client, "strategy=popular").json()["strategy"] == "popular"

    def test_put_a_different_product_second_with_diversity(self, client: Client):
        ProductFactory(name="Tuner", category="Garage", tags=["fm"])

        plain = names(ask(client, "top_n=2"))

        assert plain == ["Amp", "Cable"]
        assert names(ask(client, "top_n=2&diversity=0.9")) == ["Amp", "Tuner"]

    @pytest.mark.parametrize("strategy", ["content", "trending", "popular"])
    def test_see_what_comes_into_them_and_what_leaves_at_once(self, client: Client, strategy: str):
        def found() -> tuple[list[str], list[str]]:
            cheap = names(ask(client, f"strategy={strategy}&max_price=5"))
            return sorted(cheap), sorted(names(ask(client, f"strategy={strategy}&category=Audio")))

        before = [found() for _ in range(2)][-1]  # the second time from the cache
        Product.objects.filter(external_id="amp").update(price="4.99")
        Product.objects.filter(external_id="vase").update(category=Category.objects.get(name="Audio"))
        Product.objects.filter(external_id="cable").update(price="5.01", category=None)

        after = [found() for _ in range(2)]

        assert before[0] != after[0][0]
        assert "Amp" in after[0][0]
        assert "Cable" not in after[0][0] + after[0][1]
        assert after[0][1] == ["Amp", "Vase"]
        assert after[0] == after[1]

    def test_cost_one_query_for_products(self, client: Client, django_assert_num_queries: Any):
        ask(client)

        with django_assert_num_queries(3):
            ask(client, "category=Audio&exclude=ext:amp&min_price=1")


@pytest.mark.usefixtures("shop")
class TestErrors:
    @pytest.mark.parametrize(
        ("query", "field", "value", "message"),
        [
            ("offset=-1", "offset", "-1", "Must be a whole number from 0 to 199."),
            ("offset=200", "offset", "200", "Must be a whole number from 0 to 199."),
            (
                "offset=101&top_n=100",
                "offset",
                "101",
                "Must be at most 100: offset + top_n must not exceed 200.",
            ),
            ("diversity=1.1", "diversity", "1.1", "Must be a number from 0 to 1, such as 0.3."),
            ("diversity=nan", "diversity", "nan", "Must be a number from 0 to 1, such as 0.3."),
            ("min_price=x", "min_price", "x", "Must be an amount of 0 or more"),
            ("max_price=1.234", "max_price", "1.234", "Must be an amount of 0 or more"),
            ("max_price=-1", "max_price", "-1", "Must be an amount of 0 or more"),
            ("min_price=3&max_price=2", "min_price", "3", "Must not be above max_price, 2."),
            ("category=audio", "category", "audio", "There is no such category; see /categories."),
            ("category=", "category", '[""]', "Must be a name of 1 to 255 characters."),
            ("exclude=amp", "exclude", '["amp"]', "Must be a whole number from 1 to"),
            ("strategy=magic", "strategy", "magic", "Must be one of collaborative, content"),
            ("limit=3", "limit", "3", "Unknown parameter. Allowed here: category, diversity"),
            ("top_n=1&top_n=2", "top_n", "2", "Given more than once"),
        ],
    )
    def test_name_the_field_and_what_is_allowed(
        self, client: Client, query: str, field: str, value: object, message: str
    ):
        found = error(ask(client, query))

        assert found[:2] == (field, value)
        assert found[2].startswith(message)

    def test_name_all_invalid_fields_at_once(self, client: Client):
        answer = ask(client, "top_n=0&offset=x&diversity=2")

        assert [fault["field"] for fault in answer.json()["errors"]] == ["top_n", "offset", "diversity"]

    def test_allow_an_offset_up_to_two_hundred_in_all(self, client: Client):
        assert names(ask(client, "offset=100&top_n=100")) == []


class TestManyProducts:
    """Products are masked before the list is cut, so n products are returned whenever n exist."""

    @pytest.fixture
    def many(self, alice: User) -> list[Product]:
        return [
            ProductFactory(
                category=["Audio", "Home", "Tools"][n % 3],
                tags=[["fm"], ["red"], []][n % 2 :: 2][0],
                price=n % 7 + 1,
                stock=0 if n % 11 == 0 else None,
            )
            for n in range(60)
        ]

    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        query=st.fixed_dictionaries(
            {
                "strategy": st.sampled_from(["content", "popular", "trending"]),
                "category": st.sets(st.sampled_from(["Audio", "Home", "Tools"])),
                "min_price": st.integers(0, 4),
                "max_price": st.integers(4, 8),
                "top_n": st.integers(1, 100),
                "offset": st.integers(0, 100),
                "diversity": st.sampled_from([0, 0.3, 1]),
            }
        ),
        excluded=st.sets(st.integers(0, 59), max_size=30),
    )
    def test_returns_as_many_as_exist(
        self, client: Client, many: list[Product], query: dict[str, Any], excluded: set[int]
    ):
        right = {
            product.id
            for n, product in enumerate(many)
            if product.stock is None
            and (not query["category"] or product.category.name in query["category"])
            and query["min_price"] <= product.price <= query["max_price"]
            and n not in excluded
        }

        answer = client.get("/recommend/ext:alice", {**query, "exclude": [many[n].id for n in excluded]})

        shown = [product["id"] for product in answer.json()["recommended_products"]]
        left = max(0, len(right) - query["offset"])
        assert len(shown) == len(set(shown)) == min(query["top_n"], left)
        assert set(shown) <= right


class TestColdStart:
    def test_returns_popular_products_within_the_filters_without_a_history(self, client: Client):
        UserFactory(external_id="new")
        liked = ProductFactory(name="Vase", category="Home")
        ProductFactory(name="Pot", category="Home")
        InteractionFactory(product=liked)
        InteractionFactory.create_batch(3, product=ProductFactory(name="Radio", category="Audio"))

        answer = client.get("/recommend/ext:new?category=Home")

        assert names(answer) == ["Vase", "Pot"]
        assert answer.json()["fallback"] == "popular"

    def test_returns_trending_products_within_the_filters_for_another_strategy(
        self, client: Client, settings: Any
    ):
        settings.RECOMMENDATIONS = {
            **settings.RECOMMENDATIONS,
            "STRATEGIES": {
                **settings.RECOMMENDATIONS["STRATEGIES"],
                "counting": {"CLASS": "tests.counting.Counting"},
            },
        }
        wiring.forget()
        UserFactory(external_id="new")
        InteractionFactory(product=ProductFactory(name="Vase", category="Home"))
        InteractionFactory.create_batch(3, product=ProductFactory(name="Radio", category="Audio"))
        ProductFactory(name="Pot", category="Home")

        answer = client.get("/recommend/ext:new?category=Home&strategy=counting")

        assert names(answer) == ["Vase", "Pot"]
        assert answer.json()["fallback"] == "trending"

    def test_recommends_a_product_without_events_by_its_content(self, client: Client, alice: User):
        InteractionFactory.create_batch(9, product=ProductFactory(name="Vase", category="Home"))
        ProductFactory(name="Brand new", category="Audio", tags=["fm"])

        answer = client.get("/recommend/ext:alice?top_n=1")

        assert names(answer) == ["Brand new"]
