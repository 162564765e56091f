"""/products/{id} and /products/popular."""

import pytest

from catalog.models import Product
from catalog.selectors import popular_products
from tests.factories import InteractionFactory, ProductFactory, UserFactory

pytestmark = pytest.mark.django_db


class TestOne:
    @pytest.mark.parametrize("form", ["{pk}", "{pk}/", "ext:a.b c", "ext:a.b c/"])
    def test_is_found_by_number_and_by_key(self, client, open_reads, django_assert_num_queries, form):
        lamp = ProductFactory(name="Lamp", category="Home", tags=["led"], external_id="a.b c", stock=3)

        with django_assert_num_queries(2):
            answer = client.get(f"/products/{form.format(pk=lamp.pk)}")

        assert answer.json() == {
            "id": lamp.pk,
            "external_id": "a.b c",
            "name": "Lamp",
            "category": "Home",
            "price": 9.99,
            "stock": 3,
            "description": "Made for tests.",
            "tags": ["led"],
        }

    @pytest.mark.parametrize(
        "id",
        [
            "0",
            "999999",
            "abc",
            "1.0",
            "1e3",
            "-1",
            "+1",
            " 1",
            "٣",
            str(2**63),
            "9" * 5000,
            "ext:x",
            "EXT:x",
            "null",
        ],
    )
    def test_is_a_404_when_unknown(self, client, open_reads, id):
        answer = client.get(f"/products/{id}")

        assert answer.status_code == 404
        assert answer.headers["Content-Type"] == "application/problem+json"

    def test_is_hidden_while_inactive(self, client, open_reads, staff_client):
        old = ProductFactory(is_active=False)

        assert client.get(f"/products/{old.pk}").status_code == 404
        assert staff_client.get(f"/products/{old.pk}").json()["is_active"] is False

    def test_is_hidden_by_its_key_while_inactive(self, client, open_reads, staff_client):
        ProductFactory(is_active=False, external_id="old")

        assert client.get("/products/ext:old").status_code == 404
        assert staff_client.get("/products/ext:old").json()["is_active"] is False

    @pytest.mark.parametrize(
        "fields",
        [
            {"category": "Home", "tags": ["led", "desk", "Big"], "price": "0.10", "stock": 0},
            {"category": None, "tags": [], "price": "9999999999.99", "stock": None, "external_id": None},
        ],
    )
    def test_is_the_same_as_in_a_list(self, client, open_reads, staff_client, fields):
        lamp = ProductFactory(**fields)

        for anyone in (client, staff_client):
            page = anyone.get(f"/products/{lamp.pk}").json()

            assert [page] == anyone.get("/products").json()["products"]
            assert page["price"] == float(fields["price"])

    def test_costs_staff_their_session(self, staff_client, django_assert_num_queries):
        lamp = ProductFactory()

        with django_assert_num_queries(4):
            assert staff_client.get(f"/products/{lamp.pk}").json()["is_active"] is True

    def test_refuses_parameters(self, client, open_reads):
        lamp = ProductFactory()

        answer = client.get(f"/products/{lamp.pk}?fields=name")

        assert answer.status_code == 400
        assert "known here: none" in answer.json()["detail"]


class TestPopular:
    @pytest.fixture(autouse=True)
    def _open(self, open_reads):
        pass

    def shop(self, *counts: int) -> list[Product]:
        user = UserFactory()
        products = [ProductFactory(tags=["a", "b"]) for _ in counts]
        for product, count in zip(products, counts, strict=True):
            for _ in range(count):
                InteractionFactory(user=user, product=product)
        return products

    def ranking(self, answer) -> list[tuple[int, int]]:
        assert answer.json()["count"] == len(answer.json()["products"])
        return [(product["id"], product["interaction_count"]) for product in answer.json()["products"]]

    def test_counts_all_actions_but_dismissals_and_breaks_ties_by_id(self, client):
        a, b, c, d = self.shop(0, 4, 0, 1)
        InteractionFactory(product=d, action_type="purchase")
        for action in ("click", "cart", "dismiss", "dismiss"):
            InteractionFactory(product=a, action_type=action)

        assert self.ranking(client.get("/products/popular")) == [(b.pk, 4), (a.pk, 2), (d.pk, 2), (c.pk, 0)]

    def test_leaves_no_tie_to_the_database(self):
        assert popular_products().query.order_by == ("-interaction_count", "id")

    def test_shows_products_whole(self, client):
        (lamp,) = self.shop(2)

        assert client.get("/products/popular/").json() == {
            "count": 1,
            "products": [
                {
                    **client.get(f"/products/{lamp.pk}").json(),
                    "interaction_count": 2,
                    "score": 0.0,
                    "reasons": [{"kind": "popular", "value": 2, "points": 0.0}],
                }
            ],
        }

    def test_gives_ten_when_not_told(self, client):
        self.shop(*[0] * 12)

        assert client.get("/products/popular").json()["count"] == 10
        assert client.get("/products/popular?limit=3").json()["count"] == 3
        assert client.get("/products/popular?limit=100").json()["count"] == 12

    def test_gives_those_of_the_asked_categories(self, client, django_assert_num_queries):
        for name, events in [("Home", 1), ("Audio", 3), ("Home", 2), ("Tools", 5)]:
            InteractionFactory.create_batch(events, product=ProductFactory(category=name))

        with django_assert_num_queries(3):
            answer = client.get("/products/popular?category=Home")

        assert [count for _, count in self.ranking(answer)] == [2, 1]
        both = client.get("/products/popular?category=Home&category=Audio&top_n=2")
        assert [count for _, count in self.ranking(both)] == [3, 2]

    def test_gives_what_follows_the_best(self, client):
        self.shop(4, 3, 2, 1)

        answer = client.get("/products/popular?offset=1&top_n=2")

        assert [count for _, count in self.ranking(answer)] == [3, 2]

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ("category=home", "category"),
            ("category=", "category"),
            ("offset=191", "offset"),
            ("offset=101&top_n=100", "offset"),
            ("top_n=101", "top_n"),
            ("top_n=3&limit=3", "limit"),
        ],
    )
    def test_refuses_what_cannot_be(self, client, query, field):
        ProductFactory(category="Home")

        answer = client.get(f"/products/popular?{query}")

        assert answer.status_code == 400
        assert [error["field"] for error in answer.json()["errors"]] == [field]

    def test_leaves_inactive_products_out_for_staff_too(self, client, staff_client):
        (old,) = self.shop(5)
        Product.objects.filter(pk=old.pk).update(is_active=False)

        assert client.get("/products/popular").json()["count"] == 0
        assert staff_client.get("/products/popular").json()["count"] == 0

    def test_leaves_sold_out_products_out(self, client):
        sold_out, untracked, left = self.shop(5, 4, 3)
        Product.objects.filter(pk=sold_out.pk).update(stock=0)
        Product.objects.filter(pk=left.pk).update(stock=1)

        assert self.ranking(client.get("/products/popular")) == [(untracked.pk, 4), (left.pk, 3)]

    @pytest.mark.parametrize("n", [1, 20])
    def test_makes_two_queries_however_many_there_are(self, client, django_assert_num_queries, n):
        self.shop(*[1] * n)

        with django_assert_num_queries(2):
            assert client.get("/products/popular?limit=100").json()["count"] == n

    def test_sees_the_newest_event(self, client):
        _a, b = self.shop(1, 1)

        InteractionFactory(product=b)

        assert self.ranking(client.get("/products/popular?limit=1")) == [(b.pk, 2)]

    @pytest.mark.parametrize("limit", ["0", "101", "-1", "ten", "1.0", "", "NaN", "9" * 50, "1\x00"])
    def test_refuses_another_limit(self, client, limit):
        answer = client.get("/products/popular", {"limit": limit})

        assert answer.status_code == 400
        assert answer.json()["errors"][0]["field"] == "limit"
        assert answer.json()["errors"][0]["value"] == limit
