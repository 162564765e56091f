"""Tests of POST /recommend/batch and of the parameter `fields`."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.services.merging import merge_user
from recommendations.serving.many import CHUNK
from tests.factories import NOON, InteractionFactory, ProductFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def crowd(db):
    """Shoppers with different histories, and one without."""
    products = [
        ProductFactory(category=f"C{n % 3}", tags=[f"t{n % 4}"], price=n + 1, group=f"g{n % 8}")
        for n in range(24)
    ]
    users = [UserFactory(external_id=f"crowd-{n}", name=f"Crowd {n}") for n in range(7)]
    for n, user in enumerate(users[1:], start=1):
        for k in range(n):
            action = ("view", "purchase", "dismiss")[k % 3]
            InteractionFactory(user=user, product=products[(5 * n + 7 * k) % 24], action_type=action)
    return users


def batch(client, users, **body):
    return client.post("/recommend/batch", {"user_ids": users, **body})


class TestBatch:
    @pytest.mark.parametrize(
        ("body", "query"),
        [
            ({}, ""),
            ({"top_n": 3, "offset": 2}, "top_n=3&offset=2"),
            ({"category": ["C1"], "max_price": 15}, "category=C1&max_price=15"),
            ({"exclude": [1, "ext:none"]}, "exclude=1&exclude=ext:none"),
            ({"diversity": 0.5, "strategy": "popular"}, "diversity=0.5&strategy=popular"),
            ({"strategy": "collaborative"}, "strategy=collaborative"),
            ({"strategy": "hybrid", "group": ["g1", "g2"]}, "strategy=hybrid&group=g1&group=g2"),
            ({"fields": ["score", "id"]}, "fields=id,score"),
        ],
    )
    def test_answers_each_as_if_alone(self, staff_client, crowd, body, query):
        answer = batch(staff_client, [user.pk for user in crowd], **body)

        alone = [staff_client.get(f"/recommend/{user.pk}?{query}").json() for user in crowd]
        assert answer.status_code == 200
        assert [row["recommendations"] for row in answer.json()["results"]] == alone

    def test_answers_in_the_order_of_the_request(self, staff_client, crowd):
        guest = UserFactory(external_id="guest")
        merge_user(user={"pk": guest.pk}, into={"pk": crowd[2].pk}, now=NOON)
        sent = ["ext:crowd-3", 10**6, crowd[1].pk, "ext:guest", "ext:none", "ext:crowd-3"]

        body = batch(staff_client, sent).json()

        results = body.pop("results")
        assert body == {"count": 6, "unknown": 2}
        assert [row["status"] for row in results] == [200, 404, 200, 200, 404, 200]
        assert [row.get("recommendations", {}).get("user_id") for row in results] == [
            crowd[3].pk,
            None,
            crowd[1].pk,
            crowd[2].pk,
            None,
            crowd[3].pk,
        ]
        assert results[4] == {"status": 404, "detail": "There is no shopper ext:none."}

    def test_costs_queries_by_chunk_and_not_by_shopper(self, staff_client, crowd):
        few, many = [user.pk for user in crowd[:2]], [user.pk for user in crowd]
        batch(staff_client, many)
        counts = []
        for users in (few, many):
            with CaptureQueriesContext(connection) as queries:
                batch(staff_client, users)
            counts.append(len(queries))

        assert counts[0] == counts[1]
        assert CHUNK < 1000

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "user_ids"),
            ({"user_ids": []}, "user_ids"),
            ({"user_ids": ["x"]}, "user_ids"),
            ({"user_ids": [1] * 1001}, "user_ids"),
            ({"user_ids": [1] * 1000, "top_n": 21}, "top_n"),
            ({"user_ids": [1], "product_ids": [1]}, "product_ids"),
            ({"user_ids": [1], "fields": ["title"]}, "fields"),
            ({"user_ids": [1], "category": ["none"]}, "category"),
            ({"user_ids": [1], "strategy": "none"}, None),
        ],
    )
    def test_refuses_by_name_what_is_wrong(self, staff_client, body, field):
        answer = staff_client.post("/recommend/batch", body)

        assert answer.status_code == 400
        assert field is None or answer.json()["errors"][0]["field"] == field

    def test_takes_a_thousand(self, staff_client, crowd):
        answer = batch(staff_client, [user.pk for user in crowd] * 142 + [crowd[0].pk] * 6, top_n=1)

        assert answer.json()["count"] == 1000


class TestFields:
    @pytest.mark.parametrize(
        "address",
        ["/recommend/ext:crowd-3", "/trending", "/recommend/ext:crowd-3/buy-again", "/products/{id}/similar"],
    )
    def test_choose_what_products_show(self, staff_client, crowd, address):
        path = address.format(id=crowd[3].interactions.first().product_id)

        whole = staff_client.get(path).json()
        chosen = staff_client.get(f"{path}?fields=score,name,id").json()

        assert chosen["recommended_products"] == [
            {name: product[name] for name in ("id", "name", "score")}
            for product in whole["recommended_products"]
        ]
        rest = {name: value for name, value in whole.items() if name != "recommended_products"}
        assert {name: value for name, value in chosen.items() if name != "recommended_products"} == rest

    def test_choose_what_a_session_shows(self, staff_client, crowd):
        answer = staff_client.post("/recommend/session", {"product_ids": [1], "fields": ["price"]}).json()

        assert {tuple(product) for product in answer["recommended_products"]} == {("price",)}

    def test_have_an_etag_of_their_own(self, staff_client, crowd):
        tags = {
            staff_client.get(f"/recommend/ext:crowd-3{query}").headers["ETag"]
            for query in ("", "?fields=id", "?fields=id,name", "?fields=name,id", "?fields=name")
        }

        assert len(tags) == 4

    @pytest.mark.parametrize("sent", ["title", "id,", "", "id,id;", "is_available", "ID"])
    def test_that_do_not_exist_are_told_with_those_that_do(self, staff_client, crowd, sent):
        answer = staff_client.get("/recommend/ext:crowd-3", {"fields": sent})

        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["field"]) == (400, "fields")
        assert "Allowed: id, external_id, name," in error["message"]


class TestTags:
    @pytest.mark.parametrize("address", ["/recommend/ext:crowd-0", "/trending"])
    def test_leave_products_with_one_of_them(self, staff_client, crowd, address):
        path = f"{address}?top_n=100&fields=tags"

        one = staff_client.get(f"{path}&tag=t1").json()["recommended_products"]
        several = staff_client.get(f"{path}&tag=t1&tag=t2&tag=none").json()["recommended_products"]
        none = staff_client.get(f"{path}&tag=T1").json()["recommended_products"]

        assert {tuple(product["tags"]) for product in one} == {("t1",)}
        assert {tuple(product["tags"]) for product in several} == {("t1",), ("t2",)}
        assert none == []
