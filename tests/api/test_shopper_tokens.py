"""POST /token/shopper: for a shop's server, never for staff."""

import pytest
from rest_framework.test import APIClient

from access.scopes import Scope
from tests.api.callers import key_header, key_with

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(db) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=key_header(key_with(Scope.TOKENS_ISSUE)))
    return client


def token(server, user):
    return server.post("/token/shopper", {"user": user})


class TestIssuing:
    @pytest.mark.parametrize("by", ["ext", "number", "text"])
    def test_takes_any_id_of_a_shopper(self, server, anna, by):
        answer = token(server, {"ext": "ext:anna", "number": anna.pk, "text": str(anna.pk)}[by])

        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.json().keys() == {"access", "expires_in", "user_id"}
        assert (answer.json()["user_id"], answer.json()["expires_in"]) == (anna.pk, 300)

    def test_gives_what_reads_only_what_concerns_the_shopper(self, server, anna, lamp):
        browser = APIClient()
        browser.credentials(HTTP_AUTHORIZATION=f"Bearer {token(server, 'ext:anna').json()['access']}")

        for path in (
            "/recommend/ext:anna",
            "/recommend/ext:anna/buy-again",
            "/users/ext:anna/interactions",
            "/trending",
        ):
            assert browser.get(path).status_code == 200, path
        event = {"user_id": "ext:anna", "product_id": "ext:lamp", "action_type": "view"}
        assert browser.post("/interactions", event).status_code == 403
        assert browser.post("/token/shopper", {"user": "ext:anna"}).status_code == 403

    def test_answers_alike_for_the_unknown_however_they_are_named(self, server):
        answers = [token(server, who) for who in ("ext:nobody", 10**9)]

        assert {(answer.status_code, answer.content) for answer in answers} == {(404, answers[0].content)}

    @pytest.mark.parametrize("wrong", [None, True, 1.5, 0, -1, "", "anna", "ext:", "ext:a/b", [], {}, 10**30])
    def test_refuses_what_is_no_id(self, server, wrong):
        assert token(server, wrong).status_code == 400

    def test_refuses_what_it_does_not_know(self, server, anna):
        assert server.post("/token/shopper", {"user": "ext:anna", "days": 9}).status_code == 400
        assert server.post("/token/shopper?user=ext:anna", {"user": "ext:anna"}).status_code == 400
