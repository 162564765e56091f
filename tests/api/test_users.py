"""Tests of GET /users and /users/{id}."""

import pytest

from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


class TestList:
    def test_answers_shoppers_by_id(self, client, open_reads):
        anna, bob = UserFactory(name="Anna", external_id="a"), UserFactory(name="Bob", external_id=None)

        assert client.get("/users").json() == {
            "count": 2,
            "next": None,
            "previous": None,
            "users": [
                {"id": anna.pk, "external_id": "a", "name": "Anna"},
                {"id": bob.pk, "external_id": None, "name": "Bob"},
            ],
        }

    def test_is_described_as_what_it_is(self, staff_client):
        described = staff_client.options("/users").json()["description"]

        assert described == "The shop's users (shoppers)."

    def test_links_its_pages(self, client, open_reads):
        for _ in range(5):
            UserFactory()

        page = client.get("/users/?page_size=2&page=2").json()

        assert page["count"] == 5
        assert page["next"] == "http://testserver/users/?page=3&page_size=2"
        assert page["previous"] == "http://testserver/users/?page_size=2"
        assert len(page["users"]) == 2
        assert len(client.get(page["next"]).json()["users"]) == 1

    def test_gives_fifty_when_not_told(self, client, open_reads):
        for _ in range(51):
            UserFactory()

        assert len(client.get("/users").json()["users"]) == 50

    @pytest.mark.parametrize("n", [1, 20])
    def test_makes_two_queries_however_many_there_are(self, client, open_reads, django_assert_num_queries, n):
        for _ in range(n):
            UserFactory()

        with django_assert_num_queries(2):
            assert len(client.get("/users").json()["users"]) == n

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ("page=0", "page"),
            ("page=-1", "page"),
            ("page=last", "page"),
            ("page=1.5", "page"),
            ("page=", "page"),
            ("page=" + "9" * 5000, "page"),
            ("page_size=0", "page_size"),
            ("page_size=201", "page_size"),
            ("page_size=many", "page_size"),
            ("page_size=٣", "page_size"),
            ("page=1&page=2", "page"),
            ("pagesize=3", "pagesize"),
        ],
    )
    def test_refuses_what_it_cannot_do(self, client, open_reads, query, field):
        answer = client.get(f"/users?{query}")

        assert answer.status_code == 400
        assert [error["field"] for error in answer.json()["errors"]] == [field]

    def test_takes_the_largest_page_size(self, client, open_reads):
        assert client.get("/users?page_size=200").status_code == 200

    def test_has_no_page_after_the_last(self, client, open_reads):
        answer = client.get("/users?page=2")

        assert answer.status_code == 404
        assert answer.json()["detail"] == "Page 2 does not exist; the last page is 1."


class TestOne:
    def test_is_found_by_number_and_by_key(self, client, open_reads, django_assert_num_queries):
        anna = UserFactory(name="Anna", external_id="a.b c-ü%")
        expected = {"id": anna.pk, "external_id": "a.b c-ü%", "name": "Anna"}

        with django_assert_num_queries(1):
            assert client.get(f"/users/{anna.pk}").json() == expected
        with django_assert_num_queries(1):
            assert client.get("/users/ext:a.b%20c-%C3%BC%25/").json() == expected

    @pytest.mark.parametrize(
        "id", ["0", "999999", "abc", "-1", "1.5", "9" * 30, "ext:nobody", "ext:", "%00", "1%0A"]
    )
    def test_is_a_404_when_unknown(self, client, open_reads, id):
        answer = client.get(f"/users/{id}")

        assert answer.status_code == 404
        assert answer.headers["Content-Type"] == "application/problem+json"

    def test_says_what_an_id_is(self, client, open_reads):
        assert client.get("/users/abc").json()["detail"] == (
            "Invalid id 'abc'. Must be a whole number from 1 to 9223372036854775807, or ext:<external id>."
        )
