"""Tests of GET /users/{id}/interactions."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import NOON, InteractionFactory, ProductFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _open(open_reads):
    pass


@pytest.fixture
def anna():
    return UserFactory(external_id="anna")


class TestCursor:
    def all_of(self, client, path: str, meanwhile=lambda: None) -> list[int]:
        page = client.get(path).json()
        found = [row["id"] for row in page["interactions"]]
        while page["next_cursor"]:
            meanwhile()
            page = client.get(f"{path}&cursor={page['next_cursor']}").json()
            found += [row["id"] for row in page["interactions"]]
        return found

    def test_leads_to_each_event_once_while_others_arrive(self, client, open_reads, anna):
        lamp = ProductFactory()
        # Several have the same time, and microseconds.
        times = [NOON + timedelta(microseconds=n // 3) for n in range(10)]
        ids = [InteractionFactory(user=anna, product=lamp, occurred_at=at).pk for at in times]

        path = f"/users/{anna.pk}/interactions?page_size=3"
        found = self.all_of(
            client, path, lambda: InteractionFactory(user=anna, product=lamp, occurred_at=NOON + timedelta(1))
        )

        assert found == ids[::-1]

    def test_is_in_the_next_link_and_keeps_the_filter(self, client, open_reads, anna):
        for action in ("view", "cart") * 3:
            InteractionFactory(user=anna, action_type=action, occurred_at=NOON)
        path = f"/users/{anna.pk}/interactions?page_size=1&action_type=view"

        first = client.get(path).json()
        second = client.get(f"{path}&cursor={first['next_cursor']}").json()
        third = client.get(second["next"]).json()

        assert [page["count"] for page in (first, second, third)] == [3, 3, 3]
        assert (third["next"], third["next_cursor"], third["previous"]) == (None, None, None)
        shown = [page["interactions"][0]["id"] for page in (first, second, third)]
        assert shown == sorted(shown, reverse=True)

    @pytest.mark.parametrize("cursor", ["", "x", "1", "1_", "9" * 18 + "_1", "1_1&page=1", "1_" + "9" * 19])
    def test_is_refused_by_name(self, client, open_reads, anna, cursor):
        answer = client.get(f"/users/{anna.pk}/interactions?cursor={cursor}")

        assert answer.status_code == 400
        assert answer.json()["errors"][0]["field"] == "cursor"


class TestHistory:
    @pytest.mark.parametrize("form", ["{pk}", "ext:anna"])
    def test_tells_what_when_and_of_which_product(self, client, anna, form):
        event = InteractionFactory(user=anna, product=ProductFactory(name="Lamp"), action_type="click")
        InteractionFactory()

        assert client.get(f"/users/{form.format(pk=anna.pk)}/interactions").json() == {
            "count": 1,
            "next": None,
            "previous": None,
            "next_cursor": None,
            "interactions": [
                {
                    "id": event.pk,
                    "product_id": event.product_id,
                    "product_name": "Lamp",
                    "action_type": "click",
                    "occurred_at": "2026-01-15T12:00:00Z",
                }
            ],
        }

    def test_is_newest_first_by_moment_then_by_id(self, client, anna):
        hours = [1, 3, 2, 3]
        ids = [InteractionFactory(user=anna, occurred_at=NOON + timedelta(hours=hour)).pk for hour in hours]

        rows = client.get("/users/ext:anna/interactions").json()["interactions"]

        assert [row["id"] for row in rows] == [ids[3], ids[1], ids[2], ids[0]]

    def test_keeps_one_kind_of_action(self, client, anna):
        for action in ("view", "purchase", "view", "dismiss"):
            InteractionFactory(user=anna, action_type=action)

        assert client.get("/users/ext:anna/interactions?action_type=view").json()["count"] == 2
        assert client.get("/users/ext:anna/interactions?action_type=dismiss").json()["count"] == 1
        assert client.get("/users/ext:anna/interactions?action_type=cart").json()["count"] == 0

    @pytest.mark.parametrize("action", ["", "buy", "VIEW", "view,click", "a\x00"])
    def test_refuses_an_unknown_action(self, client, anna, action):
        answer = client.get("/users/ext:anna/interactions", {"action_type": action})

        assert answer.status_code == 400
        assert answer.json()["errors"][0]["field"] == "action_type"

    def test_lists_the_known_actions(self, client, anna):
        assert client.get("/users/ext:anna/interactions?action_type=buy").json()["detail"] == (
            "action_type is 'buy': Must be one of view, click, cart, purchase, dismiss."
        )

    def test_comes_in_pages(self, client, anna):
        for _ in range(3):
            InteractionFactory(user=anna)

        page = client.get("/users/ext:anna/interactions?page_size=2").json()

        assert page["count"] == 3
        assert page["next"] == "http://testserver/users/ext:anna/interactions?page=2&page_size=2"
        assert len(client.get(page["next"]).json()["interactions"]) == 1

    @pytest.mark.parametrize("id", ["999999", "ext:nobody", "abc", "ext:", str(2**70)])
    def test_is_a_404_for_an_unknown_user(self, client, id):
        assert client.get(f"/users/{id}/interactions").status_code == 404

    @pytest.mark.parametrize("n", [1, 20])
    def test_makes_three_queries_however_long_it_is(self, client, anna, django_assert_num_queries, n):
        for _ in range(n):
            InteractionFactory(user=anna)

        with django_assert_num_queries(3):
            assert len(client.get("/users/ext:anna/interactions").json()["interactions"]) == n

    @pytest.mark.skipif(connection.vendor != "sqlite", reason="reads SQLite's plan")
    def test_reads_its_index_in_order(self, client, anna):
        InteractionFactory(user=anna)

        with CaptureQueriesContext(connection) as made:
            client.get("/users/ext:anna/interactions")

        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN QUERY PLAN " + made.captured_queries[-1]["sql"])
            plan = " ".join(row[3] for row in cursor.fetchall())
        assert "USING COVERING INDEX interaction_history" in plan
        assert "TEMP B-TREE" not in plan
