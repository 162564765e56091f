"""Tests of POST /interactions with a list of events."""

import pytest
from django.db import connection

from catalog.models import Interaction
from tests.api.events import event, faults
from tests.factories import ProductFactory, UserFactory

pytestmark = pytest.mark.django_db
LOGIN = 2  # statements that find the session and its account
# Statements that store what is new and find what is stored, or say what is wrong.
ANY_RESULT = 1 if connection.vendor == "postgresql" else 2


def in_transaction(n: int) -> int:
    """Return how many statements begin and end the transaction of n events that have an id."""
    return 2 if n > 1 else 0


@pytest.mark.usefixtures("anna", "lamp")
class TestMany:
    def test_are_stored_and_answered_in_their_order(self, staff_client, lamp):
        chair = ProductFactory(external_id="chair")

        answer = staff_client.post(
            "/interactions",
            [event(), event(product_id="ext:chair", event_id="e-1"), event(action_type="click")],
        )

        rows = answer.json()["interactions"]
        assert answer.status_code == 201
        assert answer.json()["count"] == 3
        assert [row["product_id"] for row in rows] == [lamp.pk, chair.pk, lamp.pk]
        assert [row["action_type"] for row in rows] == ["view", "view", "click"]
        assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)
        assert list(Interaction.objects.order_by("id").values_list("id", flat=True)) == [
            row["id"] for row in rows
        ]

    def test_of_one_are_a_list_still(self, staff_client):
        assert staff_client.post("/interactions", [event()]).json()["count"] == 1

    def test_hold_a_repeat_among_new_ones(self, staff_client):
        stored = staff_client.post("/interactions", event(event_id="e-1")).json()

        answer = staff_client.post("/interactions", [event(event_id="e-0"), event(event_id="e-1"), event()])

        assert answer.status_code == 201
        assert answer.json()["interactions"][1] == stored
        assert Interaction.objects.count() == 3

    def test_are_a_200_when_all_are_repeats(self, staff_client):
        sent = [event(event_id="e-1"), event(event_id="e-2", action_type="click")]
        first = staff_client.post("/interactions", sent)

        again = staff_client.post("/interactions", sent)

        assert again.status_code == 200
        assert again.json() == first.json()

    def test_store_an_id_given_twice_once(self, staff_client):
        sent = [event(event_id="e-1"), event(event_id="e-1"), event(event_id="e-2")]

        answer = staff_client.post("/interactions", sent)

        rows = answer.json()["interactions"]
        assert answer.status_code == 201
        assert rows[0] == rows[1]
        assert Interaction.objects.count() == 2

    @pytest.mark.parametrize("n", [0, 1001])
    def test_are_one_to_a_thousand(self, staff_client, n):
        answer = staff_client.post("/interactions", [event()] * n)

        assert answer.status_code == 400
        assert f"Contains {n} events; send 1 to 1000 at a time." in answer.json()["detail"]
        assert not Interaction.objects.exists()

    @pytest.mark.parametrize("n", [1, 1000])
    def test_make_one_statement(self, staff_client, django_assert_num_queries, n):
        sent = [event(event_id=f"e-{number}") for number in range(n)]

        with django_assert_num_queries(LOGIN + 1 + in_transaction(n)):
            assert staff_client.post("/interactions", sent).status_code == 201
        assert Interaction.objects.count() == n

    @pytest.mark.parametrize("n", [1, 1000])
    def test_make_one_statement_more_on_sqlite_when_some_are_repeats(
        self, staff_client, django_assert_num_queries, n
    ):
        sent = [event(event_id=f"e-{number}") for number in range(n)]
        staff_client.post("/interactions", sent)

        with django_assert_num_queries(LOGIN + ANY_RESULT + in_transaction(n)):
            assert staff_client.post("/interactions", sent).status_code == 200

    def test_of_a_thousand_different_users_and_products_make_no_more(
        self, staff_client, django_assert_num_queries
    ):
        users = [UserFactory() for _ in range(50)]
        products = [ProductFactory() for _ in range(50)]
        sent = [
            event(user_id=users[n % 50].pk, product_id=f"ext:{products[n // 20].external_id}")
            for n in range(1000)
        ]

        with django_assert_num_queries(LOGIN + 1):
            answer = staff_client.post("/interactions", sent)

        rows = answer.json()["interactions"]
        assert [row["user_id"] for row in rows] == [users[n % 50].pk for n in range(1000)]
        assert [row["product_id"] for row in rows] == [products[n // 20].pk for n in range(1000)]

    def test_make_as_few_statements_when_some_are_unknown(self, staff_client, django_assert_num_queries):
        sent = [event(), *(event(user_id=f"ext:nobody-{n}") for n in range(500))]

        with django_assert_num_queries(LOGIN + ANY_RESULT + 1):  # and former users
            assert staff_client.post("/interactions", sent).status_code == 400
        assert not Interaction.objects.exists()

    def test_are_not_stored_when_any_is_bad(self, staff_client):
        sent = [
            event(),
            event(user_id="ext:nobody", action_type="buy"),
            5,
            event(product_id="ext:none"),
            event(event_id=""),
            None,
        ]

        assert faults(staff_client.post("/interactions", sent)) == [
            (1, "action_type"),
            (2, None),
            (3, "product_id"),
            (4, "event_id"),
            (5, None),
        ]

    def test_name_the_first_bad_elements(self, staff_client):
        *errors, more = staff_client.post("/interactions", [event(action_type="buy")] * 1000).json()["errors"]

        assert [error["index"] for error in errors] == list(range(20))
        assert errors[19] == {
            "index": 19,
            "field": "action_type",
            "value": "buy",
            "message": "Must be one of view, click, cart, purchase, dismiss.",
        }
        assert more == {"field": None, "value": None, "message": "And 980 more."}
