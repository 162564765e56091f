"""Tests of sales: from the moment one begins or ends, every answer shows it and every filter goes by it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from catalog.models import Product, User
from recommendations import wiring
from tests.api.ahead import first, generate, shopper, warm
from tests.factories import NOON, ProductFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_reads")]

BEGINS = NOON + timedelta(days=1)
ENDS = BEGINS + timedelta(seconds=40, microseconds=500)
TICK = timedelta(microseconds=1)
# What the product costs at each moment; 9.99 without the sale.
PRICES = {BEGINS - TICK: 9.99, BEGINS: 4.5, ENDS - TICK: 4.5, ENDS: 9.99, ENDS + timedelta(days=9): 9.99}


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def alice(clock: Any) -> User:
    user = shopper()
    generate(user)
    return user


def on_sale(product: Product) -> None:
    Product.objects.filter(pk=product.pk).update(sale_price="4.50", sale_from=BEGINS, sale_until=ENDS)


def prices(client: Client, path: str, product: Product, key: str = "recommended_products") -> list[float]:
    """Return the current price of the product in an answer; none if it is not there."""
    found = json.loads(client.get(path).content)
    rows = found.get(key, [found])
    return [row["current_price"] for row in rows if row["id"] == product.pk]


class TestASale:
    @pytest.mark.parametrize("query", ["", "?diversity=0.1"], ids=["stored", "live"])
    def test_shows_in_kept_answers_from_its_first_moment_to_its_last(
        self, client: Client, clock, alice, query
    ):
        on_sale(product := first(alice))
        path = f"/recommend/{alice.pk}{query}"
        for moment, price in PRICES.items():
            warm(client, alice, query)
            before = client.get(path)

            clock.move_to(moment)

            assert prices(client, path, product) == [price]
            after = client.get(path, headers={"If-None-Match": before["ETag"]})
            was = next(row for row in before.json()["recommended_products"] if row["id"] == product.pk)
            assert after.status_code == (304 if was["current_price"] == price else 200)
            generate(alice)  # an old list would be computed anew

    def test_shows_in_answers_that_another_process_kept(
        self, client: Client, clock, alice, settings, redis_url
    ):
        settings.CACHES = {
            "default": {"BACKEND": "recsite.cache.redis.TolerantRedisCache", "LOCATION": redis_url}
        }
        on_sale(product := first(alice))
        path = f"/recommend/{alice.pk}?min_price=0"
        for moment, price in PRICES.items():
            wiring.forget()
            client.get(path)
            clock.move_to(moment)
            wiring.forget()

            assert prices(client, path, product) == [price]

    @pytest.mark.parametrize(
        ("path", "key"),
        [
            ("/recommend/ext:alice?max_price={}&top_n=20", "recommended_products"),
            ("/trending?max_price={}&top_n=20", "recommended_products"),
            ("/products/ext:{id}/similar?max_price={}&top_n=20", "recommended_products"),
            ("/products?max_price={}", "products"),
        ],
    )
    def test_counts_in_filters_by_price(self, client: Client, clock, alice, path, key):
        on_sale(product := first(alice))
        radio = Product.objects.get(name="Radio")
        for moment, price in PRICES.items():
            clock.move_to(moment)

            cheap = path.replace("{id}", radio.external_id or "").format(5)
            assert prices(client, cheap, product, key) == ([price] if price < 5 else [])
            dear = cheap.replace("max_price=5", "min_price=5")
            assert prices(client, dear, product, key) == ([price] if price > 5 else [])

    @pytest.mark.parametrize("path", ["/products/{}", "/products", "/products/popular?top_n=20"])
    def test_shows_in_the_catalogue(self, client: Client, clock, alice, path):
        on_sale(product := first(alice))
        for moment, price in PRICES.items():
            clock.move_to(moment)

            assert prices(client, path.format(product.pk), product, "products") == [price]

    def test_of_all_products_costs_no_query(self, client: Client, clock, alice):
        Product.objects.update(sale_price="1.00", sale_from=BEGINS)
        path = f"/recommend/{alice.pk}?max_price=2"
        assert client.get(path).json()["recommended_products"] == []

        clock.move_to(BEGINS)

        assert len(client.get(path).json()["recommended_products"]) == 5

    def test_that_is_over_shows_no_more_in_a_process_that_slept(self, client: Client, clock, alice):
        on_sale(product := first(alice))
        clock.move_to(BEGINS)
        client.get(f"/recommend/{alice.pk}")

        clock.move_to(ENDS)

        assert prices(client, f"/recommend/{alice.pk}", product) == [9.99]

    def test_orders_products_by_what_they_cost(self, client: Client, clock):
        dear, cheap = ProductFactory(price="9.00"), ProductFactory(price="5.00")
        Product.objects.filter(pk=dear.pk).update(sale_price="4.50", sale_from=BEGINS)
        clock.move_to(BEGINS)

        for order, found in (("current_price", [dear, cheap]), ("price", [cheap, dear])):
            rows = client.get(f"/products?ordering={order}").json()["products"]
            assert [row["id"] for row in rows] == [product.pk for product in found]


class TestAWrite:
    @pytest.mark.parametrize(
        ("change", "field", "message"),
        [
            ({"price": 4}, "price", "Must not be below sale_price, 4.50; change or remove that, too."),
            ({"sale_price": 10}, "sale_price", "Must not be above price, 9.99."),
            ({"sale_until": "2026-01-16T11:59:59Z"}, "sale_until", "Must not be before sale_from, "),
            ({"sale_from": "2026-01-17T00:00:00Z"}, "sale_from", "Must not be after sale_until, "),
        ],
    )
    def test_that_does_not_fit_the_stored_sale_is_refused(self, staff_client, change, field, message):
        on_sale(product := ProductFactory())

        answer = staff_client.patch(f"/products/{product.pk}", change)

        assert answer.status_code == 400
        [error] = answer.json()["errors"]
        assert (error["field"], error["value"]) == (field, change[field])
        assert error["message"].startswith(message)

    def test_takes_a_sale_away(self, staff_client):
        on_sale(product := ProductFactory())

        answer = staff_client.patch(f"/products/{product.pk}", {"sale_price": None, "price": 1})

        assert (answer.json()["sale_price"], answer.json()["current_price"]) == (None, 1)

    def test_keeps_a_sale_that_it_does_not_name(self, staff_client):
        on_sale(product := ProductFactory())

        answer = staff_client.put(f"/products/{product.pk}", {"name": "Lamp", "price": 8})

        assert answer.json()["sale_price"] == 4.5


class TestCurrency:
    def test_is_that_of_the_settings(self, client: Client, settings, alice):
        settings.CURRENCY = "CHF"

        assert client.get(f"/recommend/{alice.pk}").json()["recommended_products"][0]["currency"] == "CHF"
        assert client.get("/products").json()["products"][0]["currency"] == "CHF"

    def test_is_not_that_of_answers_kept_before(self, client: Client, settings, redis_url, alice):
        settings.CACHES = {
            "default": {"BACKEND": "recsite.cache.redis.TolerantRedisCache", "LOCATION": redis_url}
        }
        for currency in ("GBP", "CHF"):
            settings.CURRENCY = currency
            wiring.forget()
            answer = client.get(f"/recommend/{alice.pk}?min_price=0").json()
            assert answer["recommended_products"][0]["currency"] == currency


def test_times_are_in_utc(client: Client):
    product = ProductFactory(sale_price="1.00", sale_from=datetime(2026, 1, 15, 12, tzinfo=UTC))

    assert client.get(f"/products/{product.pk}").json()["sale_from"] == "2026-01-15T12:00:00Z"
