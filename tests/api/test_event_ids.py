"""An `event_id` that comes again: with the same content once, with other content refused."""

from typing import Any

import pytest
from django.db import connection

from catalog.errors import EventIdReused
from catalog.models import Interaction
from catalog.services.interactions import record_interactions
from tests.api.events import event
from tests.factories import NOON, InteractionFactory, ProductFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("anna", "lamp", "others")]
AT, LATER = "2026-01-15T12:00:00.123456Z", "2026-01-15T12:00:00.123457Z"
OTHER_CONTENT = [
    {"user_id": "ext:bert"},
    {"product_id": "ext:chair"},
    {"action_type": "purchase"},
    {"occurred_at": LATER},
]


@pytest.fixture
def others(db: None) -> None:
    """Another shopper and another product."""
    UserFactory(external_id="bert")
    ProductFactory(external_id="chair")


def sent(**changes: Any) -> dict[str, Any]:
    return event(**{"event_id": "order-1", "occurred_at": AT, **changes})


class TestOne:
    @pytest.mark.parametrize("changes", OTHER_CONTENT)
    def test_with_other_content_is_a_conflict(self, staff_client, changes):
        stored = staff_client.post("/interactions", sent()).json()

        answer = staff_client.post("/interactions", sent(**changes))

        assert answer.status_code == 409
        assert answer.json()["errors"] == [
            {
                "index": 0,
                "field": "event_id",
                "value": "order-1",
                "message": "Another event has this id, in the database or before in this request. "
                "Give each its own.",
            }
        ]
        (row,) = Interaction.objects.all()
        assert (row.pk, row.action_type) == (stored["id"], "view")

    def test_never_shows_the_row_of_another_shopper(self, staff_client):
        stored = staff_client.post("/interactions", sent(user_id="ext:bert", action_type="purchase")).json()

        answer = staff_client.post("/interactions", sent())

        assert "user_id" not in answer.json()
        assert f'"{stored["user_id"]}"' not in answer.content.decode()
        assert "purchase" not in answer.content.decode()

    @pytest.mark.parametrize(
        "changes", [{}, {"occurred_at": ...}, {"occurred_at": "2026-01-15T13:00:00.123456+01:00"}]
    )
    def test_with_the_same_content_is_the_stored_row(self, staff_client, anna, lamp, changes):
        stored = staff_client.post("/interactions", sent()).json()

        answer = staff_client.post("/interactions", sent(user_id=anna.pk, product_id=str(lamp.pk), **changes))

        assert (answer.status_code, answer.json()) == (200, stored)


class TestLists:
    @pytest.mark.parametrize("address", ["/interactions", "/interactions/batch"])
    @pytest.mark.parametrize("changes", OTHER_CONTENT)
    def test_that_hold_one_with_other_content_store_nothing(self, staff_client, address, changes):
        staff_client.post("/interactions", sent())

        answer = staff_client.post(address, [event(), sent(event_id="order-2"), sent(**changes)])

        assert answer.status_code == 409
        assert [(error["index"], error["value"]) for error in answer.json()["errors"]] == [(2, "order-1")]
        assert Interaction.objects.count() == 1

    def test_that_use_an_id_twice_store_nothing(self, staff_client):
        answer = staff_client.post("/interactions/batch", [sent(), sent(product_id="ext:chair")])

        assert answer.status_code == 409
        assert [error["index"] for error in answer.json()["errors"]] == [1]
        assert not Interaction.objects.exists()

    def test_that_repeat_an_event_store_it_once(self, staff_client):
        answer = staff_client.post("/interactions/batch", [sent(), sent()])

        assert answer.status_code == 201
        assert Interaction.objects.count() == 1

    def test_are_refused_for_an_id_that_another_process_takes_meanwhile(self, anna, lamp):
        rows = [{"user_id": anna.pk, "product_id": lamp.pk, "action_type": "view"} for _ in range(2)]
        taken = []

        def between(execute, sql, params, many, context):
            if "INSERT INTO catalog_interaction" in sql and not taken:
                taken.append(None)
                InteractionFactory(event_key="order-1", action_type="purchase")
            return execute(sql, params, many, context)

        with connection.execute_wrapper(between), pytest.raises(EventIdReused):
            record_interactions(events=[rows[0], {**rows[1], "event_id": "order-1"}], now=NOON)

        assert not Interaction.objects.filter(user=anna).exists()

    def test_need_the_address_of_lists_for_a_list_alone(self, staff_client):
        answer = staff_client.post("/interactions/batch", event())

        assert answer.status_code == 400
        assert "must be an array of events" in answer.json()["detail"]


class TestBulk:
    def test_refuses_the_row_with_other_content_alone(self, staff_client):
        staff_client.post("/interactions", sent())
        rows = [
            sent(),
            *(sent(**changes) for changes in OTHER_CONTENT),
            sent(event_id="order-2"),
            sent(event_id="order-2", product_id="ext:chair"),
            sent(event_id="order-2"),
        ]

        answer = staff_client.post("/interactions/bulk", rows).json()

        results = answer["results"]
        assert [row["status"] for row in results] == [200, 409, 409, 409, 409, 201, 409, 200]
        assert [row["id"] is None for row in results] == [row["status"] == 409 for row in results]
        assert [error["field"] for error in results[1]["errors"]] == ["event_id"]
        assert (answer["stored"], answer["repeated"], answer["refused"]) == (1, 2, 5)
        assert Interaction.objects.count() == 2
