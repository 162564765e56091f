"""Changes of transactions that overlap: none is missed, whatever the order in which they end."""

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection

from catalog.models import Interaction, Product, User
from catalog.triggers.watched import HISTORY_EDIT
from recommendations import wiring
from recommendations.serving.request import RecommendationRequest
from tests.factories import InteractionFactory, ProductFactory, UserFactory

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time"),
]


@pytest.fixture
def held() -> Iterator[Any]:
    """A transaction of another program, by plain SQL."""
    options = connection.get_connection_params()
    names = ("dbname", "user", "password", "host", "port")
    with psycopg.connect(**{name: options[name] for name in names if name in options}) as other:
        yield other


def names(user: User, **fields: Any) -> list[str]:
    request = RecommendationRequest(user.id, strategy="content", **fields)
    found = wiring.recommender()(request, wiring.shopper_state(request))
    return [item.product.name for item in found.items]


def answered(user: User) -> list[dict[str, Any]]:
    """Return the products of an answer that may be cached."""
    body = wiring.response_cache()(RecommendationRequest(user.id)).body
    products: list[dict[str, Any]] = json.loads(body)["recommended_products"]
    return products


class TestCatalogue:
    def test_shows_a_change_that_began_before_one_that_is_shown_already(self, held: Any):
        user, lamp, vase = UserFactory(), ProductFactory(name="Lamp"), ProductFactory(name="Vase")
        assert names(user) == ["Lamp", "Vase"]
        held.execute("UPDATE catalog_product SET name = 'Lantern' WHERE id = %s", [lamp.id])
        Product.objects.filter(id=vase.id).update(name="Vessel")
        assert names(user) == ["Lamp", "Vessel"]

        held.commit()

        assert names(user) == ["Lantern", "Vessel"]

    def test_shows_a_product_brought_into_the_range_by_a_held_transaction(self, held: Any):
        user, lamp = UserFactory(), ProductFactory(name="Lamp", price="25.00")
        ProductFactory(name="Vase", price="30.00")
        assert names(user, max_price=20) == []
        held.execute("UPDATE catalog_product SET price = 19 WHERE id = %s", [lamp.id])
        Product.objects.filter(name="Vase").update(price="18.00")
        assert names(user, max_price=20) == ["Vase"]

        held.commit()

        assert names(user, max_price=20) == ["Lamp", "Vase"]

    def test_ignores_a_change_that_is_rolled_back(self, held: Any):
        user, lamp = UserFactory(), ProductFactory(name="Lamp")
        held.execute("UPDATE catalog_product SET name = 'Lantern' WHERE id = %s", [lamp.id])
        names(user)

        held.rollback()

        assert names(user) == ["Lamp"]

    def test_is_read_anew_after_a_truncate(self, held: Any):
        user, _ = UserFactory(), ProductFactory(name="Lamp", tags=["a"])
        assert names(user) == ["Lamp"]
        held.execute("TRUNCATE catalog_product CASCADE")

        held.commit()

        assert names(user) == []


class TestHistory:
    def test_of_a_correction_that_commits_after_a_later_event_is_seen(self, held: Any):
        """Its id is lower than that of the event that is seen already."""
        old = InteractionFactory(action_type="view")
        user, other = old.user, ProductFactory()
        answered(user)
        held.execute("DELETE FROM catalog_interaction WHERE id = %s", [old.id])
        held.execute(
            "INSERT INTO catalog_interaction (user_id, product_id, action_type, occurred_at, created_at)"
            " VALUES (%s, %s, 'dismiss', now(), now())",
            [user.id, other.id],
        )
        later = UserFactory()
        InteractionFactory(user=later)
        answered(user)

        held.commit()

        shown = [product["id"] for product in answered(user)]
        assert other.id not in shown
        assert old.product_id in shown

    def test_version_counts_each_of_two_transactions(self, held: Any):
        event = InteractionFactory()
        held.execute("SELECT 1")
        before = User.objects.get(id=event.user_id).history_version
        held.execute("UPDATE catalog_interaction SET action_type = 'cart' WHERE id = %s", [event.id])
        held.commit()
        Interaction.objects.filter(id=event.id).update(action_type="click")

        assert User.objects.get(id=event.user_id).history_version == before + 2 * HISTORY_EDIT

    def test_version_grows_after_a_truncate(self, held: Any):
        event = InteractionFactory()
        before = User.objects.get(id=event.user_id).history_version
        held.execute("TRUNCATE catalog_interaction CASCADE")
        held.commit()

        assert User.objects.get(id=event.user_id).history_version > before
