"""The effect of dismissals and carts on GET /recommend/{user_id}."""

from typing import Any

import pytest
from django.test import Client

from catalog.models import User
from tests.factories import InteractionFactory, ProductFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _open_reads(settings: Any) -> None:
    settings.API_OPEN_READS = True


@pytest.fixture
def alice() -> User:
    user = UserFactory(name="Alice")
    InteractionFactory(user=user, product=ProductFactory(name="Radio", category="Audio"))
    return user


def names(client: Client, user: User) -> list[str]:
    answer = client.get(f"/recommend/{user.id}?top_n=10")
    return [product["name"] for product in answer.json()["recommended_products"]]


class TestDismissal:
    def test_removes_the_product_from_the_next_answer(self, client: Client, alice: User):
        speaker = ProductFactory(name="Speaker", category="Audio")
        ProductFactory(name="Earbuds", category="Audio")
        assert "Speaker" in names(client, alice)

        InteractionFactory(user=alice, product=speaker, action_type="dismiss")

        assert names(client, alice) == ["Earbuds"]

    def test_does_not_change_the_profile(self, client: Client, alice: User):
        InteractionFactory.create_batch(
            3, user=alice, product=ProductFactory(name="Saw", category="Tools"), action_type="dismiss"
        )
        ProductFactory(name="Drill", category="Tools")
        ProductFactory(name="Earbuds", category="Audio")

        answer = client.get(f"/recommend/{alice.id}?top_n=10").json()

        assert [p["score"] for p in answer["recommended_products"]] == [10, 0]
        assert "Tools" not in answer["user_behavior_summary"]
        assert "Saw" not in answer["user_behavior_summary"]

    def test_alone_is_not_a_history(self, client: Client):
        bob = UserFactory(name="Bob")
        InteractionFactory(user=bob, product=ProductFactory(category="Tools"), action_type="dismiss")
        ProductFactory(name="Drill", category="Tools")

        answer = client.get(f"/recommend/{bob.id}").json()

        assert answer["fallback"] == "popular"
        assert answer["user_behavior_summary"] == "No interactions yet."
        assert "We do not know your taste yet" in answer["llm_explanation"]

    def test_makes_nothing_popular(self, client: Client):
        ProductFactory(name="Drill")
        unwanted = ProductFactory(name="Saw")
        InteractionFactory.create_batch(3, product=unwanted, action_type="dismiss")

        assert names(client, UserFactory()) == ["Drill", "Saw"]


class TestCart:
    def test_counts_like_any_other_action(self, client: Client):
        bob = UserFactory()
        InteractionFactory(user=bob, product=ProductFactory(name="Saw", category="Tools"), action_type="cart")
        ProductFactory(name="Drill", category="Tools")

        answer = client.get(f"/recommend/{bob.id}").json()

        assert [p["score"] for p in answer["recommended_products"]] == [10]
        assert answer["user_behavior_summary"] == "Recently viewed: Saw. Interested in: Tools."


class TestStock:
    def test_that_has_just_run_out_hides_the_product(self, client: Client, alice: User):
        ProductFactory(name="Earbuds", category="Audio", stock=1)
        speaker = ProductFactory(name="Speaker", category="Audio", stock=5)
        assert names(client, alice) == ["Earbuds", "Speaker"]

        speaker.stock = 0
        speaker.save()

        assert names(client, alice) == ["Earbuds"]
