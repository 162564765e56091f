"""Tests of GET, PATCH and DELETE /interactions/{id}."""

from datetime import timedelta

import pytest
from django.utils import timezone

from access.scopes import Scope
from catalog.models import Interaction
from tests.api.callers import key_header, key_with
from tests.api.events import event
from tests.factories import NOON, InteractionFactory, ProductFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def bought(anna, lamp):
    return InteractionFactory(
        user=anna, product=lamp, action_type="purchase", occurred_at=NOON, event_key="order/1 é%2F#?"
    )


ENCODED = "ext:order%2F1%20%C3%A9%252F%23%3F"


class TestGet:
    @pytest.mark.parametrize("slash", ["", "/"])
    def test_shows_the_event_under_both_ids(self, staff_client, bought, slash):
        answers = [staff_client.get(f"/interactions/{id}{slash}") for id in (bought.pk, ENCODED)]

        assert [answer.status_code for answer in answers] == [200, 200]
        assert answers[0].json() == answers[1].json()
        assert answers[0].json() == {
            "id": bought.pk,
            "user_id": bought.user_id,
            "product_id": bought.product_id,
            "action_type": "purchase",
            "occurred_at": "2026-01-15T12:00:00Z",
            "event_id": "order/1 é%2F#?",
        }

    @pytest.mark.parametrize(
        "id", ["0", "999", "x", "ext:", "ext:none", "ext:a%00", "9" * 30, "²", "ext:" + "a" * 256]
    )
    def test_of_another_id_is_404(self, staff_client, bought, id):
        for method in ("get", "delete"):
            assert getattr(staff_client, method)(f"/interactions/{id}").status_code == 404
        assert staff_client.patch(f"/interactions/{id}", {}).status_code == 404

    def test_is_answered_with_304_to_who_has_it(self, staff_client, bought):
        tag = staff_client.get(f"/interactions/{bought.pk}").headers["ETag"]

        again = staff_client.get(f"/interactions/{bought.pk}", headers={"If-None-Match": tag})

        assert again.status_code == 304


class TestPatch:
    def test_changes_what_was_sent_under_the_same_ids(self, staff_client, bought):
        chair = ProductFactory(external_id="chair")
        body = {"product_id": "ext:chair", "action_type": "view", "occurred_at": "2026-01-16T00:00:00+01:00"}

        answer = staff_client.patch(f"/interactions/{ENCODED}", body)

        now = Interaction.objects.get()
        assert answer.status_code == 200
        assert (now.pk, now.event_key, now.user) == (bought.pk, bought.event_key, bought.user)
        assert (now.product, now.action_type) == (chair, "view")
        assert answer.json()["occurred_at"] == "2026-01-15T23:00:00Z"

    def test_of_nothing_changes_nothing(self, staff_client, bought):
        assert staff_client.patch(f"/interactions/{bought.pk}", {}).status_code == 200
        assert Interaction.objects.get().action_type == "purchase"

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"action_type": "eat"}, "action_type"),
            ({"action_type": None}, "action_type"),
            ({"occurred_at": "2026-01-15T12:00:00"}, "occurred_at"),
            ({"occurred_at": (timezone.now() + timedelta(days=2)).isoformat()}, "occurred_at"),
            ({"occurred_at": None}, "occurred_at"),
            ({"product_id": "ext:none"}, "product_id"),
            ({"product_id": 0}, "product_id"),
            ({"user_id": 1}, "user_id"),
            ({"event_id": "a"}, "event_id"),
            ([], None),
        ],
    )
    def test_with_a_fault_changes_nothing(self, staff_client, bought, body, field):
        before = Interaction.objects.values().get()

        answer = staff_client.patch(f"/interactions/{bought.pk}", body)

        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, field)
        assert Interaction.objects.values().get() == before

    def test_is_seen_by_the_next_list(self, staff_client, bought, anna):
        other = ProductFactory(category="Other", price=1)
        before = staff_client.get("/recommend/ext:anna?top_n=5").json()

        staff_client.patch(f"/interactions/{bought.pk}", {"product_id": other.pk})

        after = staff_client.get("/recommend/ext:anna?top_n=5").json()
        assert [p["id"] for p in before["recommended_products"]] == [other.pk]
        assert [p["id"] for p in after["recommended_products"]] == [bought.product_id]


class TestDelete:
    def test_frees_the_event_id(self, staff_client, anna, lamp):
        first = staff_client.post("/interactions", event(event_id="a")).json()

        answer = staff_client.delete("/interactions/ext:a")

        again = staff_client.post("/interactions", event(event_id="a"))
        assert (answer.status_code, answer.content, again.status_code) == (204, b"", 201)
        assert staff_client.delete(f"/interactions/{first['id']}").status_code == 404

    def test_is_seen_by_the_next_list(self, staff_client, bought):
        before = staff_client.get("/recommend/ext:anna").json()["recommended_products"]

        staff_client.delete(f"/interactions/{bought.pk}")

        after = staff_client.get("/recommend/ext:anna").json()["recommended_products"]
        assert (before, [product["id"] for product in after]) == ([], [bought.product_id])


class TestAKeyThatSendsEvents:
    def test_neither_reads_nor_changes_them(self, client, bought):
        client.credentials(HTTP_AUTHORIZATION=key_header(key_with(Scope.EVENTS_WRITE, Scope.USERS_READ)))
        path = f"/interactions/{bought.pk}"

        answers = client.get(path), client.patch(path, {}), client.delete(path)

        assert [answer.status_code for answer in answers] == [200, 403, 403]
