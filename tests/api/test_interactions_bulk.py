"""Tests of POST /interactions/bulk."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.api import bulk
from catalog.models import Interaction
from catalog.services.bulk_interactions import MAX_ROWS
from tests.api.events import event
from tests.factories import InteractionFactory, UserFactory

pytestmark = pytest.mark.django_db
LINES = "application/x-ndjson"


def lines(*events: object) -> bytes:
    return b"\n".join(json.dumps(sent).encode() for sent in events)


@pytest.mark.usefixtures("anna", "lamp")
class TestRows:
    @pytest.mark.parametrize("slash", ["", "/"])
    def test_are_stored_and_answered_one_by_one(self, staff_client, anna, slash):
        sent = [event(event_id="a"), event(action_type="eat"), event(event_id="a"), event(action_type="cart")]

        answer = staff_client.post(f"/interactions/bulk{slash}", sent)

        first, second = Interaction.objects.order_by("id")
        assert answer.status_code == 207
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.json() == {
            "count": 4,
            "stored": 2,
            "repeated": 1,
            "refused": 1,
            "results": [
                {"index": 0, "status": 201, "id": first.pk},
                {
                    "index": 1,
                    "status": 422,
                    "id": None,
                    "errors": [
                        {
                            "field": "action_type",
                            "value": "eat",
                            "message": "Must be one of view, click, cart, purchase, dismiss.",
                        }
                    ],
                },
                {"index": 2, "status": 200, "id": first.pk},
                {"index": 3, "status": 201, "id": second.pk},
            ],
        }
        assert (first.event_key, second.action_type, second.user) == ("a", "cart", anna)

    def test_come_as_lines_too(self, staff_client):
        body = lines(event(event_id="a")) + b"\r\n\n" + b"{oops}\n" + lines(event(event_id="b")) + b"\n"

        answer = staff_client.generic("POST", "/interactions/bulk", body, content_type=LINES).json()

        assert [row["status"] for row in answer["results"]] == [201, 422, 201]
        assert answer["results"][1]["errors"][0]["message"].startswith("The line is not valid JSON")

    def test_name_every_unknown_user_and_product(self, staff_client):
        sent = [event(user_id="ext:nobody", product_id=999_999), event(user_id="ext:none"), event()]

        results = staff_client.post("/interactions/bulk", sent).json()["results"]

        assert [[error["field"] for error in row.get("errors", [])] for row in results] == [
            ["user_id", "product_id"],
            ["user_id"],
            [],
        ]
        assert results[0]["errors"][0]["value"] == "ext:nobody"
        assert Interaction.objects.count() == 1

    def test_that_are_stored_already_give_the_row_that_they_have(self, staff_client, anna, lamp):
        former = InteractionFactory(event_key="a", user=anna, product=lamp, action_type="view")

        answer = staff_client.post("/interactions/bulk", [event(event_id="a"), event()]).json()

        assert answer["results"][0] == {"index": 0, "status": 200, "id": former.pk}
        assert (answer["stored"], answer["repeated"]) == (1, 1)

    def test_count_once_even_where_the_first_of_a_name_is_wrong(self, staff_client):
        sent = [event(event_id="a", action_type="eat"), event(event_id="a"), event(event_id="a")]

        answer = staff_client.post("/interactions/bulk", sent).json()

        assert [row["status"] for row in answer["results"]] == [422, 201, 200]

    def test_may_all_be_wrong(self, staff_client):
        answer = staff_client.post("/interactions/bulk", [{}, 7, None, "x", []])

        assert (answer.status_code, answer.json()["refused"]) == (207, 5)

    def test_take_few_queries_however_many_there_are(self, staff_client):
        sent = [event(event_id=f"e-{n}") for n in range(1500)]

        with CaptureQueriesContext(connection) as queries:
            answer = staff_client.post("/interactions/bulk", sent)

        assert (answer.json()["stored"], Interaction.objects.count()) == (1500, 1500)
        # Session and user, one savepoint and its release, and the statement that stores all.
        assert len(queries) == 5

    def test_tell_no_more_than_is_readable(self, staff_client):
        sent = [event(**{f"x{n}": n for n in range(50)}, event_id="y" * 5000)]

        (row,) = staff_client.post("/interactions/bulk", sent).json()["results"]

        assert [error["message"] for error in row["errors"][10:]] == [
            "And 40 more unknown fields.",
            "Must be a string of 1 to 255 characters.",
        ]
        assert all(len(str(error["value"])) <= 81 for error in row["errors"])

    def test_describe_a_thousand_errors(self, staff_client):
        sent = [{}] * 9_999 + [event()]

        answer = staff_client.post("/interactions/bulk", sent)

        rows = answer.json()["results"]
        assert [row["status"] for row in rows] == [422] * 9_999 + [201]
        assert sum(len(row["errors"]) for row in rows[:334]) == 1_000
        assert rows[334]["errors"][0]["message"] == (
            "The first 1,000 errors are described, and none from here on."
        )
        assert all(row["errors"] == [] for row in rows[335:9_999])
        assert len(answer.content) < 1 << 20


class TestLimits:
    def test_take_ten_thousand_and_no_more(self, staff_client, anna, lamp):
        accepted = staff_client.post("/interactions/bulk", [event()] * MAX_ROWS)
        refused = staff_client.post("/interactions/bulk", [event()] * (MAX_ROWS + 1))
        body = lines(*[event()] * (MAX_ROWS + 5))
        in_lines = staff_client.generic("POST", "/interactions/bulk", body, content_type=LINES)

        assert (accepted.status_code, accepted.json()["stored"]) == (207, MAX_ROWS)
        assert {refused.status_code, in_lines.status_code} == {413}
        assert "send at most 10,000 at a time" in refused.json()["detail"]
        assert Interaction.objects.count() == MAX_ROWS

    @pytest.mark.parametrize("media_type", ["application/json", LINES])
    def test_refuse_a_body_that_is_too_long(self, staff_client, media_type):
        body = b" " * (bulk.MAX_BYTES + 1)

        answer = staff_client.generic("POST", "/interactions/bulk", body, content_type=media_type)

        assert answer.status_code == 413
        assert answer.headers["Content-Type"] == "application/problem+json"

    @pytest.mark.parametrize("body", [b"", b"{}", b"[", b"7", b"[]"])
    def test_refuse_what_holds_no_event(self, staff_client, body):
        answer = staff_client.generic("POST", "/interactions/bulk", body, content_type="application/json")

        assert answer.status_code == 400

    def test_refuse_lines_without_any(self, staff_client):
        answer = staff_client.generic("POST", "/interactions/bulk", b"\n\n", content_type=LINES)

        assert answer.status_code == 400

    def test_refuse_another_kind_of_body(self, staff_client):
        answer = staff_client.generic("POST", "/interactions/bulk", b"a,b", content_type="text/csv")

        assert answer.status_code == 415

    def test_let_only_staff_in(self, client, account_client, open_reads, anna, lamp):
        assert client.post("/interactions/bulk", [event()]).status_code == 401
        assert account_client.post("/interactions/bulk", [event()]).status_code == 403
        assert not Interaction.objects.exists()

    def test_know_no_other_method_and_no_parameter(self, staff_client):
        assert staff_client.get("/interactions/bulk").status_code == 405
        assert staff_client.post("/interactions/bulk?x=1", [event()]).status_code == 400


class TestShoppers:
    def test_are_found_by_number_and_key_alike(self, staff_client, lamp):
        people = UserFactory.create_batch(3)
        sent = [event(user_id=person.pk) for person in people]
        sent += [event(user_id=f"ext:{person.external_id}") for person in people]

        staff_client.post("/interactions/bulk", sent)

        assert [person.interactions.count() for person in people] == [2, 2, 2]
