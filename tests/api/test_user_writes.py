"""Tests of POST, PUT, PATCH and DELETE on /users."""

import pytest

from catalog.models import Interaction, User
from tests.factories import InteractionFactory, UserFactory

pytestmark = pytest.mark.django_db


class TestCreate:
    def test_stores_a_shopper(self, staff_client, django_assert_num_queries):
        # The session, staff, savepoints, is the key taken, or that of a merged user?, insert, read back.
        with django_assert_num_queries(8):
            answer = staff_client.post("/users", {"name": "  Anna ", "external_id": "a"})

        anna = User.objects.get(external_id="a")
        assert answer.status_code == 201
        assert answer.json() == {"id": anna.pk, "external_id": "a", "name": "Anna"}
        assert answer.headers["Location"] == f"http://testserver/users/{anna.pk}"

    def test_needs_no_key(self, staff_client):
        assert staff_client.post("/users", {"name": "Anna"}).json()["external_id"] is None

    @pytest.mark.parametrize(
        ("body", "field", "message"),
        [
            ({}, "name", "This field is required."),
            ({"name": ""}, "name", "This field may not be blank."),
            ({"name": "  "}, "name", "This field may not be blank."),
            ({"name": None}, "name", "This field may not be null."),
            ({"name": 7}, "name", "Not a valid string."),
            ({"name": True}, "name", "Not a valid string."),
            ({"name": "A", "external_id": 7}, "external_id", "Not a valid string."),
            ({"name": "x" * 256}, "name", "Ensure this field has no more than 255 characters."),
            ({"name": "a\nb"}, "name", "Contains the control character U+000A at position 2; remove it."),
            ({"name": "A", "external_id": "a/b"}, "external_id", "Contains a slash"),
            ({"name": "A", "external_id": ""}, "external_id", "This field may not be blank."),
            ({"name": "A", "external_id": "x" * 256}, "external_id", "Ensure this field has no more"),
            ({"name": "A", "colour": "B"}, "colour", "Unknown field. Allowed: id, external_id, name."),
            ({"name": "A", "is_staff": True}, "is_staff", "Unknown field"),
        ],
    )
    def test_refuses_a_bad_field(self, staff_client, body, field, message):
        answer = staff_client.post("/users", body)

        assert answer.status_code == 400
        assert answer.json()["errors"][0]["field"] == field
        assert answer.json()["errors"][0]["message"].startswith(message)
        assert not User.objects.exists()

    def test_refuses_a_key_that_is_taken(self, staff_client):
        UserFactory(external_id="a")

        answer = staff_client.post("/users", {"name": "Anna", "external_id": "a"})

        assert answer.status_code == 400
        assert answer.json()["detail"] == ("external_id is 'a': Another user already has this external ID.")


class TestPut:
    def test_replaces_a_shopper(self, staff_client):
        anna = UserFactory(name="Anna", external_id="a")

        answer = staff_client.put("/users/ext:a", {"id": anna.pk, "name": "Anne", "external_id": "b"})

        assert answer.status_code == 200
        assert answer.json() == {"id": anna.pk, "external_id": "b", "name": "Anne"}

    def test_keeps_the_key_when_none_is_given(self, staff_client):
        UserFactory(external_id="a")

        assert staff_client.put("/users/ext:a", {"name": "Anne"}).json()["external_id"] == "a"

    def test_creates_under_an_unknown_key(self, staff_client):
        answer = staff_client.put("/users/ext:a", {"name": "Anna"})

        assert answer.status_code == 201
        assert answer.json()["external_id"] == "a"
        assert staff_client.put("/users/ext:a", {"name": "Anna"}).status_code == 200
        assert User.objects.count() == 1

    def test_takes_the_same_key_in_the_body(self, staff_client):
        assert staff_client.put("/users/ext:a", {"name": "Anna", "external_id": "a"}).status_code == 201

    @pytest.mark.parametrize("key", ["b", None, 5])
    def test_refuses_another_key_in_the_body(self, staff_client, key):
        answer = staff_client.put("/users/ext:a", {"name": "Anna", "external_id": key})

        assert answer.status_code == 400
        assert "Must be 'a', as in the URL" in answer.json()["detail"]
        assert not User.objects.exists()

    def test_refuses_a_key_that_would_not_fit(self, staff_client):
        answer = staff_client.put("/users/ext:" + "x" * 256, {"name": "Anna"})

        assert answer.status_code == 400
        assert answer.json()["errors"][0]["field"] == "external_id"

    def test_is_a_404_for_an_unknown_number(self, staff_client):
        answer = staff_client.put("/users/999999", {"name": "Anna"})

        assert answer.status_code == 404
        assert "ext:" in answer.json()["detail"]

    def test_refuses_a_body_that_is_no_object(self, staff_client):
        assert staff_client.put("/users/ext:a", [1]).status_code == 400


class TestPatch:
    def test_changes_only_what_is_given(self, staff_client, django_assert_num_queries):
        anna = UserFactory(name="Anna", external_id="a")

        with django_assert_num_queries(7):  # session, staff, savepoints, find, update, read back
            answer = staff_client.patch("/users/ext:a", {"name": "Anne"})

        assert answer.status_code == 200
        assert answer.json() == {"id": anna.pk, "external_id": "a", "name": "Anne"}

    def test_of_nothing_changes_nothing(self, staff_client):
        UserFactory(name="Anna", external_id="a")

        assert staff_client.patch("/users/ext:a", {}).json()["name"] == "Anna"

    def test_takes_the_key_away(self, staff_client):
        anna = UserFactory(external_id="a")

        assert staff_client.patch(f"/users/{anna.pk}", {"external_id": None}).json()["external_id"] is None

    def test_is_a_404_for_an_unknown_key(self, staff_client):
        assert staff_client.patch("/users/ext:a", {"name": "Anna"}).status_code == 404


class TestDelete:
    @pytest.mark.parametrize("n", [1, 20])
    def test_makes_as_many_queries_for_one_interaction_as_for_many(
        self, staff_client, django_assert_num_queries, n
    ):
        anna = UserFactory()
        for _ in range(n):
            InteractionFactory(user=anna)

        with django_assert_num_queries(12):
            assert staff_client.delete(f"/users/{anna.pk}").status_code == 204

    def test_takes_the_shoppers_interactions_along(self, staff_client):
        event = InteractionFactory()
        other = InteractionFactory()

        answer = staff_client.delete(f"/users/{event.user_id}")

        assert (answer.status_code, answer.content) == (204, b"")
        assert list(User.objects.all()) == [other.user]
        assert list(Interaction.objects.all()) == [other]

    def test_is_a_404_the_second_time(self, staff_client):
        anna = UserFactory()
        staff_client.delete(f"/users/{anna.pk}")

        assert staff_client.delete(f"/users/{anna.pk}").status_code == 404
