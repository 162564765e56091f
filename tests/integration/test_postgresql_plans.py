"""The indexes serve PostgreSQL, too: with nothing else to go by, it finds what is asked for in order."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import Count, QuerySet

from catalog.models import ActionType, Interaction
from tests.factories import NOON, InteractionFactory, UserFactory

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="reads the plans of PostgreSQL"),
]


@pytest.fixture(autouse=True)
def _some_rows() -> None:
    """A few events, which PostgreSQL would read whole if it were let."""
    for user in UserFactory.create_batch(3):
        for days in range(4):
            InteractionFactory(user=user, occurred_at=NOON - timedelta(days=days))
    with connection.cursor() as cursor:
        for way in ("seqscan", "bitmapscan", "hashagg"):
            cursor.execute(f"SET LOCAL enable_{way} = off")


def plan(queryset: "QuerySet") -> str:
    return queryset.explain()


class TestIndexes:
    def test_give_a_history_newest_first_without_sorting(self):
        history = plan(Interaction.objects.filter(user_id=1).newest_first())

        assert "Index Scan using interaction_history" in history
        assert "Sort" not in history

    def test_hold_all_that_the_engine_reads_of_a_history(self):
        read = Interaction.objects.filter(user_id=1).newest_first().values("product_id", "action_type", "id")

        assert "Index Only Scan using interaction_history" in plan(read)

    def test_give_a_products_events_newest_first_without_sorting(self):
        events = plan(Interaction.objects.filter(product_id=1).newest_first())

        assert "Index Scan using interaction_by_product" in events
        assert "Sort" not in events

    def test_count_popularity_without_touching_the_table(self):
        popularity = Interaction.objects.exclude(action_type=ActionType.DISMISS).values("product_id")

        counted = plan(popularity.annotate(n=Count("id")).order_by())

        assert "Index Only Scan using interaction_by_product" in counted
        assert "Sort" not in counted

    def test_read_what_was_done_of_late_without_touching_the_table(self):
        late = Interaction.objects.filter(occurred_at__gte=NOON).values_list(
            "product_id", "action_type", "occurred_at"
        )

        assert "Index Only Scan using interaction_by_time" in plan(late)

    def test_give_the_newest_events_of_all_without_sorting(self):
        newest = plan(Interaction.objects.newest_first()[:50])

        assert "Index Scan using interaction_by_time" in newest
        assert "Sort" not in newest
