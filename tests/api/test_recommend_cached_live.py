"""GET /recommend/{user_id} twice without a stored list: the same bytes, or the change."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from catalog.models import Product, User
from recommendations import wiring
from recommendations.models import StoredList
from recommendations.training import registry
from tests.api.ahead import generate, get, read_while, shopper, shown, warm
from tests.api.changes import CHANGES, OLD
from tests.factories import InteractionFactory, ProductFactory, UserFactory
from tests.trained import knows_counting, version

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.usefixtures("open_reads")]

# What no stored list of six answers: a question of its own, and more than the list holds.
LIVE = ["?min_price=0", "?top_n=7"]
# What concerns stored lists alone.
OF_LISTS = {"a new list", "the list is deleted"}


@pytest.fixture
def alice() -> User:
    return shopper()


class TestAgain:
    @pytest.mark.parametrize("query", ["", *LIVE])
    def test_is_byte_for_byte_the_same_with_one_query(self, client: Client, alice: User, query: str):
        path = f"/recommend/{alice.id}{query}"
        before = get(client, path)

        again = get(client, path)

        assert again[:2] == before[:2]
        assert (before[2] > 1, again[2]) == (True, 1)

    def test_is_not_served_for_another_request(self, client: Client, alice: User):
        warm(client, alice, "?min_price=0")

        assert get(client, f"/recommend/{alice.id}?min_price=0&max_price=1")[2] > 1

    def test_is_cached_for_a_user_without_events(self, client: Client):
        user = UserFactory()
        ProductFactory.create_batch(3)

        warm(client, user)

    def test_is_cached_when_the_list_is_empty(self, client: Client):
        warm(client, UserFactory())

    def test_expires(self, client: Client, alice: User, settings: Any):
        seconds = settings.RECOMMENDATIONS["RESULT_CACHE_SECONDS"]
        warm(client, alice)

        with time_machine.travel(timezone.now() + timedelta(seconds=seconds + 1), tick=False):
            assert get(client, f"/recommend/{alice.id}")[2] > 1

    def test_is_computed_each_time_without_a_cache(self, client: Client, alice: User, settings: Any):
        settings.RECOMMENDATIONS = {**settings.RECOMMENDATIONS, "RESULT_CACHE_SECONDS": 0}
        wiring.forget()
        get(client, f"/recommend/{alice.id}")

        assert get(client, f"/recommend/{alice.id}")[2] == 2

    def test_reveals_inactive_products_only_to_staff(self, client: Client, alice: User, staff_client: Client):
        hidden = ProductFactory(is_active=False)
        path = f"/recommend/{alice.id}?exclude={hidden.id}"
        assert staff_client.get(path).json()["ignored"] == []

        assert client.get(path).json()["ignored"] == [str(hidden.id)]


class TestChange:
    @pytest.mark.parametrize("query", LIVE)
    @pytest.mark.parametrize("what", sorted(CHANGES.keys() - OF_LISTS))
    def test_shows_in_the_next_answer(self, client: Client, alice: User, what: str, query: str):
        change, place = CHANGES[what]
        generate(alice)
        warm(client, alice, query)
        before = shown(client, alice, query)

        change(alice)

        now = shown(client, alice, query)
        wiring.response_cache().forget([alice.id])  # and not the snapshot, whose age is another matter
        assert place(now) != place(before)
        assert now == shown(client, alice, query)

    def test_to_a_stored_list_shows(self, client: Client, alice: User):
        warm(client, alice)

        generate(alice)
        StoredList.objects.update(summary="Made ahead.")

        assert shown(client, alice)["user_behavior_summary"] == "Made ahead."

    def test_of_the_names_in_the_summary_shows(self, client: Client, alice: User):
        warm(client, alice)

        Product.objects.filter(name="Radio").update(name="Wireless", updated_at=OLD)

        assert "Wireless" in shown(client, alice)["user_behavior_summary"]

    def test_that_reactivates_a_product_shows(self, client: Client, alice: User):
        best = shown(client, alice)["recommended_products"][0]["id"]
        Product.objects.filter(id=best).update(stock=0)
        warm(client, alice)
        assert shown(client, alice)["recommended_products"][0]["id"] != best

        Product.objects.filter(id=best).update(stock=1)

        assert shown(client, alice)["recommended_products"][0]["id"] == best

    def test_of_the_active_model_shows(self, client: Client, alice: User, settings: Any, tmp_path: Path):
        knows_counting(settings, tmp_path)
        version("v1", active=True)
        other = version("v2")
        warm(client, alice, "?strategy=counting")

        registry.activate(other, at=timezone.now())

        assert get(client, f"/recommend/{alice.id}?strategy=counting")[2] > 1


class TestMeanwhile:
    @pytest.mark.parametrize("n_reads", range(7))
    @pytest.mark.parametrize(
        "what",
        [
            "a product is renamed",
            "a tag is taken away",
            "a dismissal",
            "the user is renamed",
            "the default strategy",
            "a new list",
        ],
    )
    def test_is_in_the_next_answer_after_any_read(self, client: Client, alice: User, what: str, n_reads: int):
        change, _ = CHANGES[what]
        generate(alice, n=3)  # too few, so that the answer is live

        done = read_while(client, alice, n_reads, lambda: change(alice))

        now = shown(client, alice)
        wiring.response_cache().forget([alice.id])
        assert done > n_reads or n_reads == 6
        assert now == shown(client, alice)


class TestHistories:
    def test_that_are_cached_give_the_same_answer_as_without(self, client: Client, alice: User):
        product = ProductFactory()
        InteractionFactory.create_batch(70, user=alice, product=product, action_type="view")
        get(client, f"/recommend/{alice.id}")

        with_history = shown(client, alice, "?top_n=3")
        wiring.forget()

        assert with_history == shown(client, alice, "?top_n=3")

    @pytest.mark.parametrize("what", ["an interaction", "a dismissal", "all interactions are deleted"])
    def test_show_every_change(self, client: Client, alice: User, what: str):
        InteractionFactory.create_batch(70, user=alice, product=ProductFactory(), action_type="view")
        generate(alice)
        get(client, f"/recommend/{alice.id}?min_price=0")
        change, _ = CHANGES[what]

        change(alice)

        now = shown(client, alice, "?min_price=0")
        wiring.response_cache().forget([alice.id])
        wiring.history_cache().forget([alice.id])
        assert now == shown(client, alice, "?min_price=0")
