"""GET /recommend/{user_id}."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from catalog.models import Product, User
from recommendations import wiring
from recommendations.serving.results import SHOWN
from tests.factories import NOON, InteractionFactory, ProductFactory, StaffFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _open_reads(settings: Any) -> None:
    settings.API_OPEN_READS = True


@pytest.fixture
def alice() -> User:
    user = UserFactory(name="Alice", external_id="alice")
    radio = ProductFactory(name="Radio", category="Electronics", tags=["audio", "wireless"])
    InteractionFactory(user=user, product=radio, action_type="purchase")
    return user


def names(answer: Any) -> list[str]:
    return [product["name"] for product in answer.json()["recommended_products"]]


class TestRecommend:
    def test_returns_every_field(self, client: Client, alice: User):
        earbuds = ProductFactory(
            name="Earbuds", category="Electronics", tags=["wireless", "audio", "earbuds"], price="49.90"
        )

        answer = client.get(f"/recommend/{alice.id}?top_n=1")

        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "application/json"
        (product,) = answer.json()["recommended_products"]
        assert answer.json() == {
            "user_id": alice.id,
            "user_name": "Alice",
            "recommended_products": [product],
            "llm_explanation": answer.json()["llm_explanation"],
            "explanation_source": "template",
            "user_behavior_summary": "Recently purchased: Radio. Interested in: Electronics.",
            "strategy": "content",
            "fallback": None,
        }
        assert answer.json()["llm_explanation"].startswith("Hi Alice! Based on")
        assert product.keys() == {*SHOWN, "currency", "score", "reasons"}
        assert (product["id"], product["external_id"]) == (earbuds.id, earbuds.external_id)
        assert (product["name"], product["category"], product["price"]) == ("Earbuds", "Electronics", 49.9)
        assert product["tags"] == ["audio", "earbuds", "wireless"]
        assert product["description"] == "Made for tests."
        assert product["score"] == 16.0
        assert product["reasons"] == [
            {"kind": "category", "value": "Electronics", "points": 10.0},
            {"kind": "tag", "value": "audio", "points": 3.0},
            {"kind": "tag", "value": "wireless", "points": 3.0},
        ]

    @pytest.mark.parametrize(
        "path", ["/recommend/{id}", "/recommend/{id}/", "/recommend/ext:alice", "/recommend/ext:alice/"]
    )
    def test_answers_under_both_ids_and_both_slash_forms(self, client: Client, alice: User, path: str):
        answer = client.get(path.format(id=alice.id))

        assert answer.status_code == 200
        assert answer.json()["user_id"] == alice.id

    def test_returns_five_products_by_default(self, client: Client, alice: User):
        ProductFactory.create_batch(7)

        assert len(names(client.get(f"/recommend/{alice.id}"))) == 5

    @pytest.mark.parametrize("top_n", ["0", "101", "-1", "five", "1.5", ""])
    def test_rejects_a_top_n_other_than_1_to_100(self, client: Client, alice: User, top_n: str):
        answer = client.get(f"/recommend/{alice.id}", {"top_n": top_n})

        assert answer.status_code == 400
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["errors"][0]["field"] == "top_n"

    @pytest.mark.parametrize("user", ["999999", "ext:nobody", "abc", "9" * 30, "-1"])
    def test_responds_404_for_an_unknown_shopper(self, client: Client, alice: User, user: str):
        answer = client.get(f"/recommend/{user}")

        assert answer.status_code == 404
        assert answer.headers["Content-Type"] == "application/problem+json"

    def test_is_closed_to_anonymous_callers(self, client: Client, alice: User, settings: Any):
        settings.API_OPEN_READS = False

        assert client.get(f"/recommend/{alice.id}").status_code == 401

    def test_is_open_to_staff_without_open_reads(self, client: Client, alice: User, settings: Any):
        settings.API_OPEN_READS = False
        client.force_login(StaffFactory())

        assert client.get(f"/recommend/{alice.id}").status_code == 200

    def test_does_not_authenticate_while_reads_are_open(
        self, client: Client, alice: User, django_assert_num_queries: Any
    ):
        client.get(f"/recommend/{alice.id}")
        client.force_login(StaffFactory())

        with django_assert_num_queries(2):
            assert client.get(f"/recommend/{alice.id}?top_n=4").status_code == 200

    def test_makes_two_queries(self, client: Client, alice: User, django_assert_num_queries: Any):
        ProductFactory.create_batch(20, tags=["audio", "x"])
        client.get(f"/recommend/{alice.id}")

        with django_assert_num_queries(2):  # the state of the shop, and the history
            client.get(f"/recommend/{alice.id}?top_n=20")

    def test_makes_one_query_for_a_stored_list_and_for_a_hit(
        self, client: Client, alice: User, django_assert_num_queries: Any
    ):
        ProductFactory.create_batch(20, tags=["audio", "x"])
        call_command("generate_recommendations", verbosity=0)
        wiring.pipeline(wiring.model_ref())

        with django_assert_num_queries(1):
            client.get(f"/recommend/{alice.id}")
        with django_assert_num_queries(1):
            client.get(f"/recommend/{alice.id}")

    def test_changes_with_the_next_interaction(self, client: Client, alice: User):
        ProductFactory(name="Amp")
        lamp = ProductFactory(name="Lamp", category="Home")
        ProductFactory(name="Vase", category="Home")
        before = client.get(f"/recommend/{alice.id}?top_n=2")

        InteractionFactory(user=alice, product=lamp, occurred_at=NOON + timedelta(days=1))

        assert names(before) == ["Amp", "Lamp"]
        assert names(client.get(f"/recommend/{alice.id}?top_n=2")) == ["Amp", "Vase"]

    def test_never_shows_a_product_that_was_deactivated_a_moment_ago(self, client: Client, alice: User):
        first, *_ = ProductFactory.create_batch(4)
        assert first.name in names(client.get(f"/recommend/{alice.id}?top_n=3"))

        Product.objects.filter(id=first.id).update(is_active=False)

        after = names(client.get(f"/recommend/{alice.id}?top_n=3"))
        assert first.name not in after
        assert len(after) == 3

    def test_replaces_deactivated_products_until_none_is_left(self, client: Client, alice: User):
        products = ProductFactory.create_batch(6)
        client.get(f"/recommend/{alice.id}")

        Product.objects.filter(id__in=[product.id for product in products[:5]]).update(is_active=False)

        assert names(client.get(f"/recommend/{alice.id}?top_n=2")) == [products[5].name]

    def test_ranks_few_times_when_a_whole_range_was_deactivated(
        self, client: Client, alice: User, django_assert_max_num_queries: Any
    ):
        products = ProductFactory.create_batch(200)
        left = ProductFactory(name="Left over")
        client.get(f"/recommend/{alice.id}")

        Product.objects.filter(id__in=[product.id for product in products]).update(is_active=False)

        with django_assert_max_num_queries(20):
            answer = client.get(f"/recommend/{alice.id}?top_n=2")
        assert names(answer) == [left.name]

    def test_names_the_fallback_when_all_matches_are_unavailable(self, client: Client, alice: User):
        match = ProductFactory(name="Amp")
        ProductFactory(name="Vase", category="Home")
        client.get(f"/recommend/{alice.id}")

        Product.objects.filter(id=match.id).update(is_active=False)

        answer = client.get(f"/recommend/{alice.id}").json()
        assert [product["name"] for product in answer["recommended_products"]] == ["Vase"]
        assert answer["fallback"] == "popular"

    def test_counts_an_interaction_with_a_product_newer_than_the_snapshot(self, client: Client, alice: User):
        ProductFactory(name="Vase", category="Home")
        client.get(f"/recommend/{alice.id}")
        lamp = ProductFactory(name="Lamp", category="Home")

        InteractionFactory(user=alice, product=lamp)

        answer = client.get(f"/recommend/{alice.id}?top_n=1")
        assert names(answer) == ["Vase"]
        assert answer.json()["recommended_products"][0]["score"] == 10.0

    def test_falls_back_to_popular_products_for_a_shopper_without_history(self, client: Client, alice: User):
        lamp = ProductFactory(name="Lamp")
        InteractionFactory.create_batch(2, product=lamp)
        newcomer = UserFactory(name="Bob")

        answer = client.get(f"/recommend/{newcomer.id}").json()

        assert [product["name"] for product in answer["recommended_products"]] == ["Lamp", "Radio"]
        assert answer["recommended_products"][0]["reasons"] == [
            {"kind": "popular", "value": 2, "points": 0.0}
        ]
        assert (answer["strategy"], answer["fallback"]) == ("content", "popular")
        assert answer["user_behavior_summary"] == "No interactions yet."
        assert answer["llm_explanation"].startswith("Hi Bob!")

    def test_leaves_fallback_null_for_a_list_that_is_only_filled_up(self, client: Client, alice: User):
        ProductFactory(name="Amp", category="Electronics")
        ProductFactory(name="Vase", category="Home")

        answer = client.get(f"/recommend/{alice.id}").json()

        assert [product["score"] for product in answer["recommended_products"]] == [10.0, 0.0]
        assert answer["fallback"] is None

    def test_returns_an_empty_list_when_everything_was_interacted_with(self, client: Client, alice: User):
        answer = client.get(f"/recommend/{alice.id}")

        assert answer.status_code == 200
        assert answer.json()["recommended_products"] == []
        assert answer.json()["fallback"] == "popular"

    def test_names_each_product_once_in_the_summary_newest_first(self, client: Client, alice: User):
        for n, name in enumerate(["A", "B", "A", "C", "D"]):
            InteractionFactory(
                user=alice,
                product=ProductFactory(name=name, category=None),
                action_type="click" if n % 2 else "view",
                occurred_at=NOON + timedelta(minutes=n),
            )

        summary = client.get(f"/recommend/{alice.id}").json()["user_behavior_summary"]

        assert summary == "Recently purchased: Radio. Recently viewed: D, C, A. Interested in: Electronics."

    def test_loads_more_products_for_the_summary_when_many_share_a_name(self, client: Client, alice: User):
        for n in range(20):
            InteractionFactory(
                user=alice,
                product=ProductFactory(name="Twin", category=None),
                occurred_at=NOON + timedelta(minutes=n),
            )
        InteractionFactory(user=alice, product=ProductFactory(name="Old", category=None), occurred_at=NOON)

        summary = client.get(f"/recommend/{alice.id}").json()["user_behavior_summary"]

        assert "Recently viewed: Twin, Old." in summary

    def test_serves_unicode_as_it_is(self, client: Client):
        user = UserFactory(name="健二 \U0001f600")
        ProductFactory(name="Émile’s “Lampe”")

        answer = client.get(f"/recommend/{user.id}")

        assert answer.json()["user_name"] == "健二 \U0001f600"
        assert names(answer) == ["Émile’s “Lampe”"]
