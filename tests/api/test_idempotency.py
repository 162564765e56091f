"""Tests of the Idempotency-Key header."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from access.scopes import Scope
from access.services.keys import delete_keys, rotate_key
from catalog.models import Interaction, StoredAnswer
from catalog.services.idempotency import remove_old_answers
from tests.api.callers import key_header, key_with
from tests.api.events import event
from tests.factories import StaffFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("anna", "lamp")]


def send(client: APIClient, *sent: object, key: str = "k-1"):
    return client.post("/interactions/bulk", list(sent), headers={"Idempotency-Key": key})


class TestOneAndLists:
    """The key counts at each address that stores events."""

    @pytest.mark.parametrize(
        ("address", "sent"),
        [
            ("/interactions", event()),
            ("/interactions", [event()]),
            ("/interactions/batch", [event(), event()]),
        ],
    )
    def test_are_stored_once(self, staff_client, address, sent):
        first, again = [
            staff_client.post(address, sent, headers={"Idempotency-Key": "k-1"}) for _ in range(2)
        ]

        assert (first.status_code, again.status_code) == (201, 201)
        assert again.content == first.content
        assert again["Idempotency-Replayed"] == "true"
        assert Interaction.objects.count() == (len(sent) if isinstance(sent, list) else 1)

    def test_of_another_shape_are_other_requests(self, staff_client):
        staff_client.post("/interactions", event(), headers={"Idempotency-Key": "k-1"})

        answer = staff_client.post("/interactions", [event()], headers={"Idempotency-Key": "k-1"})

        assert answer.status_code == 422

    def test_that_are_refused_leave_the_key_free(self, staff_client):
        wrong = staff_client.post(
            "/interactions", event(action_type="eat"), headers={"Idempotency-Key": "k-1"}
        )

        right = staff_client.post("/interactions", event(), headers={"Idempotency-Key": "k-1"})

        assert (wrong.status_code, right.status_code) == (400, 201)


class TestKey:
    def test_stores_once_and_answers_the_same(self, staff_client):
        first = send(staff_client, event(), event(action_type="eat"))

        again = send(staff_client, event(), event(action_type="eat"))

        assert Interaction.objects.count() == 1
        assert (again.status_code, again.content) == (207, first.content)
        assert ("Idempotency-Replayed" in first, again["Idempotency-Replayed"]) == (False, "true")

    def test_of_another_body_is_refused(self, staff_client):
        send(staff_client, event())

        refused = send(staff_client, event(action_type="cart"))

        assert refused.status_code == 422
        assert "'k-1' was used before with a different body" in refused.json()["detail"]
        assert Interaction.objects.count() == 1

    def test_of_another_caller_is_another(self, staff_client):
        other = APIClient()
        other.force_login(StaffFactory())

        answers = [send(client, event()) for client in (staff_client, other)]

        assert ["Idempotency-Replayed" in answer for answer in answers] == [False, False]
        assert Interaction.objects.count() == 2

    def test_outlives_the_rotation_of_the_api_key(self):
        old = key_with(Scope.EVENTS_WRITE)
        new = rotate_key(key=old.row, now=timezone.now())
        newest = rotate_key(key=new.row, now=timezone.now())
        delete_keys([old.row, new.row])

        answers = []
        for key in (newest, rotate_key(key=newest.row, now=timezone.now())):
            client = APIClient(headers={"Authorization": key_header(key)})
            answers.append(send(client, event(action_type="purchase")))

        assert ["Idempotency-Replayed" in answer for answer in answers] == [False, True]
        assert Interaction.objects.count() == 1

    def test_of_another_api_key_is_another(self):
        clients = [
            APIClient(headers={"Authorization": key_header(key_with(Scope.EVENTS_WRITE))}) for _ in range(2)
        ]

        answers = [send(client, event()) for client in clients]

        assert ["Idempotency-Replayed" in answer for answer in answers] == [False, False]

    def test_that_is_another_is_done_again(self, staff_client):
        send(staff_client, event(), key="k-1")
        send(staff_client, event(), key="k-2")

        assert Interaction.objects.count() == 2

    def test_holds_for_a_day(self, staff_client):
        send(staff_client, event())
        StoredAnswer.objects.update(created_at=timezone.now() - timedelta(hours=24))

        again = send(staff_client, event(action_type="cart"))

        assert (again.status_code, "Idempotency-Replayed" in again) == (207, False)
        assert Interaction.objects.count() == 2
        assert send(staff_client, event(action_type="cart"))["Idempotency-Replayed"] == "true"

    def test_is_free_again_after_a_request_that_was_refused_as_a_whole(self, staff_client):
        assert send(staff_client).status_code == 400

        assert send(staff_client, event()).status_code == 207

    @pytest.mark.parametrize("key", ["a" * 256, "two words", "schlüssel", " "])
    def test_must_be_a_word(self, staff_client, key):
        answer = send(staff_client, event(), key=key)

        assert answer.status_code == 400
        assert answer.json()["errors"][0]["field"] == "Idempotency-Key"
        assert not Interaction.objects.exists()

    def test_that_somebody_uses_at_the_same_moment_gives_their_answer(self, staff_client):
        """The same request is handled after the look-up of the response and before the key is stored."""
        theirs = []

        def between(execute, sql, params, many, context):
            found = execute(sql, params, many, context)
            if 'FROM "catalog_storedanswer"' in sql and not theirs:
                theirs.append(None)
                theirs[0] = send(staff_client, event())
            return found

        with connection.execute_wrapper(between):
            mine = send(staff_client, event())

        assert Interaction.objects.count() == 1
        assert (mine.content, mine["Idempotency-Replayed"]) == (theirs[0].content, "true")

    def test_is_forgotten_with_what_it_did_when_storing_breaks_off(self, staff_client):
        staff_client.raise_request_exception = False

        def broken(execute, sql, params, many, context):
            if sql.startswith('UPDATE "catalog_storedanswer"'):
                raise RuntimeError("the power is gone")
            return execute(sql, params, many, context)

        with connection.execute_wrapper(broken):
            assert send(staff_client, event()).status_code == 500

        assert (Interaction.objects.count(), StoredAnswer.objects.count()) == (0, 0)
        assert send(staff_client, event()).status_code == 207


class TestRetention:
    def test_removes_what_is_too_old_to_be_given_again(self, staff_client):
        now = timezone.now()
        for hours, key in ((25, "old"), (1, "young")):
            send(staff_client, event(), key=key)
            StoredAnswer.objects.filter(key=key).update(created_at=now - timedelta(hours=hours))

        assert remove_old_answers(now) == 1
        assert StoredAnswer.objects.get().key == "young"
