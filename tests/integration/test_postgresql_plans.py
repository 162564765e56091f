"""The indexes serve PostgreSQL, too: with nothing else to go by, it finds what is asked for in order."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import QuerySet

from catalog.models import ActionType, Interaction
from recommendations.selectors.snapshots import popularity
from tests.factories import NOON, ProductFactory, UserFactory

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="reads the plans of PostgreSQL"),
]


@pytest.fixture(autouse=True)
def shop() -> Interaction:
    """An event of a shop that PostgreSQL has just looked at, so that no plan hangs on when it last did."""
    users, products = UserFactory.create_batch(20), ProductFactory.create_batch(20)
    Interaction.objects.bulk_create(
        Interaction(
            user=user, product=product, action_type=ActionType.VIEW, occurred_at=NOON - timedelta(days=days)
        )
        for user in users
        for product in products
        for days in range(5)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE catalog_interaction")
        for way in ("seqscan", "bitmapscan", "hashagg", "sort"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
    return Interaction.objects.latest("id")


def plan(queryset: "QuerySet") -> str:
    return queryset.explain()


class TestIndexes:
    def test_give_a_history_newest_first_without_sorting(self, shop: Interaction):
        history = plan(Interaction.objects.filter(user_id=shop.user_id).newest_first())

        assert "Index Scan using interaction_history" in history
        assert "Sort" not in history

    def test_hold_all_that_the_engine_reads_of_a_history(self, shop: Interaction):
        history = Interaction.objects.filter(user_id=shop.user_id).newest_first()
        read = history.values("product_id", "action_type", "id")

        assert "Index Only Scan using interaction_history" in plan(read)

    def test_give_a_products_events_newest_first_without_sorting(self, shop: Interaction):
        events = plan(Interaction.objects.filter(product_id=shop.product_id).newest_first())

        assert "Index Scan using interaction_by_product" in events
        assert "Sort" not in events

    def test_count_popularity_without_touching_the_table(self):
        for counts_repeats in (True, False):
            counted = plan(popularity(counts_repeats=counts_repeats))

            assert "Index Only Scan using interaction_by_shopper" in counted

    def test_read_what_was_done_of_late_without_touching_the_table(self):
        late = Interaction.objects.filter(occurred_at__gte=NOON).values_list(
            "product_id", "action_type", "occurred_at"
        )

        assert "Index Only Scan using interaction_by_time" in plan(late)

    def test_give_the_newest_events_of_all_without_sorting(self):
        newest = plan(Interaction.objects.newest_first()[:50])

        assert "Index Scan using interaction_by_time" in newest
        assert "Sort" not in newest
