"""Access rules outside of the table: other shoppers, upserts, explanations, metrics."""

from types import SimpleNamespace

import pytest
from rest_framework.test import APIClient

from access.scopes import Scope
from access.services import tokens
from catalog.models import Product, User
from recommendations.models import WrittenText
from tests.api.access_table import OF_API
from tests.api.callers import Caller, bearer, clerk_with, everybody, key_header, key_with, shopper_token

pytestmark = pytest.mark.django_db


class TestAnotherShopper:
    """A shopper's token reveals nothing about other shoppers."""

    @pytest.mark.parametrize(
        "row", [row for row in OF_API if row.shopper == "own"], ids=lambda row: row.named
    )
    def test_is_refused_without_a_query_and_alike_whether_it_exists(
        self, row, world, other, shopper, django_assert_num_queries
    ):
        caller = Caller("", "", bearer(shopper_token(shopper)))
        answers = set()

        for who in (
            other.pk,
            10**9,
            f"ext:{other.external_id}",
            "ext:none",
            "x",
            f"0{shopper.pk}",
        ):
            with django_assert_num_queries(0):
                answer = caller.client.get(world.path(row, str(who)))
            answers.add((answer.status_code, answer.content))

        assert len(answers) == 1
        assert answers.pop()[0] == 403

    @pytest.mark.parametrize(
        "row", [row for row in OF_API if row.shopper == "own"], ids=lambda row: row.named
    )
    def test_is_not_read_under_an_external_id_that_has_moved(self, row, world, other, shopper):
        client = Caller("", "", bearer(shopper_token(shopper))).client
        before = client.get(world.path(row, "ext:anna"))
        User.objects.filter(pk=shopper.pk).update(external_id="moved")
        User.objects.filter(pk=other.pk).update(external_id="anna")

        after = client.get(world.path(row, "ext:anna"))

        assert (before.status_code, after.status_code) == (200, 200)
        assert b"Bert" not in after.content
        assert str(other.pk) not in str(after.json().get("id", after.json().get("user_id", "")))

    def test_reads_under_the_number_too(self, shopper):
        client = Caller("", "", bearer(shopper_token(shopper))).client

        assert client.get(f"/users/{shopper.pk}").json()["name"] == "Anna"


class TestAnythingElse:
    @pytest.mark.parametrize("path", ["/nothing", "/token/nothing", "/users/1/2/3"])
    def test_is_unknown_to_everybody(self, path, shopper, other):
        statuses = {caller.client.get(path).status_code for caller in everybody(shopper, other, frozenset())}

        assert statuses == {404}


class TestUpsert:
    """PUT to an unused key adds a row, so it needs both permissions."""

    def test_needs_the_permission_to_add(self, lamp):
        clerk = clerk_with("catalog.change_product")
        client = Caller("", "", bearer(tokens.access_token(clerk))).client
        body = {"name": "Lamp", "price": 5}

        assert client.put("/products/ext:lamp", body).status_code == 200
        refused = client.put("/products/ext:new", body)
        assert refused.status_code == 403
        assert refused.json()["detail"] == "This needs the permission catalog.add_product."
        assert not Product.objects.filter(external_id="new").exists()


class TestExplanations:
    def test_of_another_shopper_are_unknown_to_a_shoppers_token(self, world, shopper, other):
        unknown = APIClient().get("/explanations/" + "b" * 32, headers={"authorization": bearer_of(shopper)})
        for user, status in ((None, 200), (shopper, 200), (other, 404)):
            WrittenText.objects.update(user=user)
            answer = APIClient().get(
                "/explanations/" + "a" * 32, headers={"authorization": bearer_of(shopper)}
            )
            assert answer.status_code == status
        assert answer.json()["detail"].replace("a" * 32, "") == unknown.json()["detail"].replace("b" * 32, "")


def bearer_of(shopper: User) -> str:
    return bearer(shopper_token(shopper))


class TestMetrics:
    def test_are_opened_by_no_key_and_no_token(self, shopper, other, settings, monkeypatch):
        settings.METRICS_TOKEN = "m" * 32
        monkeypatch.setattr("observe.metrics.recorder", SimpleNamespace(is_on=True))
        callers = everybody(shopper, other, frozenset())

        assert {caller.client.get("/metrics").status_code for caller in callers} == {403}


class TestInactiveProducts:
    def test_exist_for_keys_that_write(self, lamp):
        Product.objects.filter(pk=lamp.pk).update(is_active=False)
        reader, writer = APIClient(), APIClient()
        reader.credentials(HTTP_AUTHORIZATION=key_header(key_with(Scope.CATALOG_READ)))
        writer.credentials(HTTP_AUTHORIZATION=key_header(key_with(Scope.CATALOG_READ, Scope.CATALOG_WRITE)))

        assert reader.get("/products/ext:lamp").status_code == 404
        assert writer.get("/products/ext:lamp").json()["is_active"] is False
        assert writer.patch("/products/ext:lamp", {"is_active": True}).status_code == 200
