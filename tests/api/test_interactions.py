"""Tests of POST /interactions with one event."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import Interaction
from tests.api.events import event, faults
from tests.factories import InteractionFactory, ProductFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.mark.usefixtures("anna", "lamp")
class TestOne:
    @pytest.mark.parametrize("slash", ["", "/"])
    def test_is_stored_and_answered(self, staff_client, anna, lamp, slash):
        sent = event(
            user_id=anna.pk, product_id=lamp.pk, occurred_at="2026-01-15T13:30:00.25+01:30", event_id="e-1"
        )

        answer = staff_client.post(f"/interactions{slash}", sent)

        stored = Interaction.objects.get()
        assert answer.status_code == 201
        assert answer.json() == {
            "id": stored.pk,
            "user_id": anna.pk,
            "product_id": lamp.pk,
            "action_type": "view",
            "occurred_at": "2026-01-15T12:00:00.250000Z",
            "event_id": "e-1",
        }
        assert stored.occurred_at == datetime(2026, 1, 15, 12, 0, 0, 250000, tzinfo=UTC)
        assert (stored.user, stored.product, stored.event_key) == (anna, lamp, "e-1")

    @pytest.mark.parametrize("action", ["view", "click", "cart", "purchase", "dismiss"])
    def test_is_of_any_known_action(self, staff_client, action):
        answer = staff_client.post("/interactions", event(action_type=action))

        assert (answer.status_code, answer.json()["action_type"]) == (201, action)
        assert Interaction.objects.get().action_type == action

    @pytest.mark.parametrize("form", ["{pk}", "ext:{key}", "number"])
    def test_names_user_and_product_in_either_form(self, staff_client, anna, lamp, form):
        def named(row):
            return row.pk if form == "number" else form.format(pk=row.pk, key=row.external_id)

        answer = staff_client.post("/interactions", event(user_id=named(anna), product_id=named(lamp)))

        assert answer.status_code == 201
        assert (answer.json()["user_id"], answer.json()["product_id"]) == (anna.pk, lamp.pk)

    @pytest.mark.parametrize("given", [{}, {"occurred_at": None, "event_id": None}])
    def test_happened_now_when_it_does_not_say(self, staff_client, given):
        before = timezone.now()

        answer = staff_client.post("/interactions", event(**given))

        stored = Interaction.objects.get()
        assert before <= stored.occurred_at <= timezone.now()
        assert stored.created_at == stored.occurred_at
        assert answer.json()["event_id"] is None

    def test_without_event_id_is_new_each_time(self, staff_client):
        answers = [staff_client.post("/interactions", event()) for _ in range(2)]

        assert [answer.status_code for answer in answers] == [201, 201]
        assert Interaction.objects.count() == 2

    def test_with_a_known_event_id_gives_the_stored_row(self, staff_client):
        first = staff_client.post("/interactions", event(event_id="e-1"))

        again = staff_client.post("/interactions", event(event_id="e-1"))

        assert again.status_code == 200
        assert again.json() == first.json()
        assert Interaction.objects.count() == 1

    def test_makes_one_statement(self, staff_client):
        with CaptureQueriesContext(connection) as made:
            assert staff_client.post("/interactions", event(event_id="e-1")).status_code == 201

        # Before it, those that find the session and its account.
        assert ["INSERT INTO catalog_interaction" in query["sql"] for query in made] == [False, False, True]

    @pytest.mark.parametrize(
        "sent", [{"event_id": "e-1"}, {"user_id": "ext:nobody"}, {"product_id": 999_999}]
    )
    def test_that_is_not_new_makes_one_more_on_sqlite(self, staff_client, django_assert_num_queries, sent):
        staff_client.post("/interactions", event(event_id="e-1"))

        n_queries = 3 if connection.vendor == "postgresql" else 4
        with django_assert_num_queries(n_queries + ("user_id" in sent)):  # was an unknown user merged?
            staff_client.post("/interactions", event(**sent))

    def test_may_be_of_an_inactive_product(self, staff_client):
        ProductFactory(external_id="old", is_active=False)

        assert staff_client.post("/interactions", event(product_id="ext:old")).status_code == 201

    @pytest.mark.parametrize(
        "moment",
        [
            "2026-01-15T12:00:00Z",
            "2026-01-15t12:00z",
            "2026-01-15 12:00:00,5+0530",
            "1970-01-01T00:00:00Z",
            "2026-01-15T12:00:00.123456789-08:00",
        ],
    )
    def test_takes_iso_times_with_offset(self, staff_client, moment):
        assert staff_client.post("/interactions", event(occurred_at=moment)).status_code == 201

    def test_may_lie_a_little_ahead(self, staff_client):
        moment = timezone.now() + timedelta(hours=23)

        assert staff_client.post("/interactions", event(occurred_at=moment.isoformat())).status_code == 201

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            *[
                ("user_id", value)
                for value in (..., None, True, 1.0, 0, -1, 2**63, 2**64, 10**30, "", "abc", " 1")
            ],
            *[
                ("user_id", value)
                for value in ("ext:", "ext:nobody", "ext:a/b", "ext:a\x00", [1], {}, 999999)
            ],
            *[
                ("product_id", value)
                for value in (..., None, False, 1.5, "lamp", "ext:none", 999999, 2**63 - 1)
            ],
            *[("action_type", value) for value in (..., None, "buy", "VIEW", "", 1, ["view"], {"a": 1})],
            *[
                ("occurred_at", value)
                for value in ("2026-01-15T12:00:00", "2026-01-15", "yesterday", "", 1, 1.5)
            ],
            *[
                ("occurred_at", value)
                for value in ("2026-02-30T12:00:00Z", "2026-01-15T25:00:00Z", "0001-01-01T00:00:00+14:00")
            ],
            *[
                ("occurred_at", value)
                for value in ("9999-12-31T23:59:59-14:00", "1969-12-31T23:59:59Z", "2999-01-01T00:00:00Z")
            ],
            *[
                ("occurred_at", value)
                for value in (
                    "2026-01-15T12:00:00+99:99",
                    "20260115T120000Z",
                    "٢٠٢٦-01-15T12:00:00Z",
                    True,
                    [],
                )
            ],
            *[("event_id", value) for value in ("", "  ", "x" * 256, "a\nb", "import:1", 5, True, ["e"])],
            ("occured_at", "2026-01-15T12:00:00Z"),
        ],
    )
    def test_refuses_a_bad_field(self, staff_client, field, value):
        body = json.dumps(event(**{field: value}))  # writes integers of any length

        answer = staff_client.post("/interactions", body, content_type="application/json")

        assert faults(answer) == [(0, field)]

    def test_says_what_would_be_right(self, staff_client):
        answer = staff_client.post("/interactions", event(occurred_at="2026-01-15T12:00:00"))

        assert answer.json()["errors"] == [
            {
                "index": 0,
                "field": "occurred_at",
                "value": "2026-01-15T12:00:00",
                "message": "Must have a UTC offset; add Z for UTC, or an offset such as +01:00.",
            }
        ]
        assert answer.json()["detail"].startswith(
            "1 problem(s) in the interactions; nothing was stored. occurred_at "
        )

    def test_refuses_a_moment_too_far_ahead(self, staff_client):
        moment = timezone.now() + timedelta(hours=25)

        assert faults(staff_client.post("/interactions", event(occurred_at=moment.isoformat()))) == [
            (0, "occurred_at")
        ]

    def test_refuses_query_parameters(self, staff_client):
        assert staff_client.post("/interactions?dry_run=1", event()).status_code == 400
        assert not Interaction.objects.exists()


class TestBody:
    @pytest.mark.parametrize("body", ["5", '"view"', "null", "true", "{}", "[[]]", "[{}]", '{"events": []}'])
    def test_that_is_no_event_is_refused(self, staff_client, body):
        answer = staff_client.post("/interactions", body, content_type="application/json")

        assert answer.status_code == 400
        assert answer.headers["Content-Type"] == "application/problem+json"

    def test_that_is_missing_is_refused(self, staff_client):
        assert staff_client.post("/interactions").status_code == 400


class TestHistory:
    def test_holds_the_event_at_once(self, staff_client):
        old = InteractionFactory(
            user=UserFactory(external_id="anna"), product=ProductFactory(external_id="lamp")
        )

        new = staff_client.post("/interactions", event()).json()

        rows = staff_client.get("/users/ext:anna/interactions").json()["interactions"]
        assert [row["id"] for row in rows] == [new["id"], old.pk]
