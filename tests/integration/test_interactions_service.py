"""Events are stored all or none, and each key once, in any order of arrival."""

import pytest
from django.db import IntegrityError, connection

from catalog.errors import InvalidEvents
from catalog.models import Interaction
from catalog.services.interactions import record_interactions
from tests.factories import NOON, InteractionFactory, ProductFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent():
    """Return an event of a shopper and a product that exist."""
    user, product = UserFactory(), ProductFactory()
    return lambda **more: {"user_id": user.pk, "product_id": product.pk, "action_type": "view", **more}


class TestRecordInteractions:
    def test_gives_each_event_its_own_row(self, sent):
        actions = ["view", "click", "purchase"] * 5

        recorded = record_interactions(events=[sent(action_type=action) for action in actions], now=NOON)

        assert recorded.n_new == 15
        for row, action in zip(recorded.rows, actions, strict=True):
            assert Interaction.objects.get(pk=row.id).action_type == action

    def test_mixes_events_with_and_without_a_key(self, sent):
        events = [sent(event_id="b"), sent(), sent(event_id="a"), sent(), sent(event_id="b")]

        recorded = record_interactions(events=events, now=NOON)

        stored = [Interaction.objects.get(pk=row.id).event_key for row in recorded.rows]
        assert stored == ["b", None, "a", None, "b"]
        assert recorded.n_new == 4

    def test_answers_with_what_another_process_stored_first(self, sent):
        """Somebody stores the same key at the last moment before this insert."""
        events = [sent(), sent(event_id="e-1"), sent(event_id="e-2")]
        theirs = []

        def between(execute, sql, params, many, context):
            if "INSERT INTO catalog_interaction" in sql and not theirs:
                theirs.append(None)
                row = {"user_id": events[0]["user_id"], "product_id": events[0]["product_id"]}
                theirs[0] = InteractionFactory(event_key="e-1", action_type="view", **row)
            return execute(sql, params, many, context)

        with connection.execute_wrapper(between):
            recorded = record_interactions(events=events, now=NOON)

        assert recorded.rows[1].id == theirs[0].pk
        assert recorded.n_new == 2
        assert Interaction.objects.count() == 3

    def test_lets_no_other_broken_rule_pass(self, sent):
        """The database refuses a row for another reason than its key."""

        def spoil(execute, sql, params, many, context):
            params = [value.replace("view", "steal") if isinstance(value, str) else value for value in params]
            return execute(sql, params, many, context)

        with connection.execute_wrapper(spoil), pytest.raises(IntegrityError):
            record_interactions(events=[sent(event_id="e-1")], now=NOON)

    def test_stores_nothing_when_one_is_wrong(self, sent):
        with pytest.raises(InvalidEvents) as caught:
            record_interactions(events=[sent(), sent(user_id="ext:nobody"), sent(product_id=0)], now=NOON)

        assert not Interaction.objects.exists()
        assert [(error["index"], error["field"], error["value"]) for error in caught.value.errors] == [
            (1, "user_id", "ext:nobody"),
            (2, "product_id", 0),
        ]

    def test_tells_a_key_from_a_number(self):
        """The key "12" of one user is not the number 12 of another."""
        other = UserFactory(external_id=None)
        anna = UserFactory(external_id=str(other.pk))
        product = ProductFactory()
        event = {"product_id": product.pk, "action_type": "view"}

        recorded = record_interactions(
            events=[{**event, "user_id": f"ext:{other.pk}"}, {**event, "user_id": str(other.pk)}], now=NOON
        )

        assert [row.user_id for row in recorded.rows] == [anna.pk, other.pk]
