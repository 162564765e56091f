"""/products/popular: what has most interactions."""

import pytest

from catalog.models import Category, Product
from recommendations import wiring
from tests.factories import InteractionFactory, ProductFactory, UserFactory

pytestmark = pytest.mark.django_db


class TestPopular:
    @pytest.fixture(autouse=True)
    def _open(self, open_reads):
        pass

    def shop(self, *counts: int) -> list[Product]:
        products = [ProductFactory(tags=["a", "b"]) for _ in counts]
        for product, count in zip(products, counts, strict=True):
            for _ in range(count):
                InteractionFactory(user=UserFactory(), product=product)
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

        client.get("/products/popular")
        with django_assert_num_queries(2):
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
        client.get("/products/popular")

        with django_assert_num_queries(2):
            assert client.get("/products/popular?limit=100").json()["count"] == n

    def test_counts_what_the_kept_snapshot_knows(self, client):
        a, b = self.shop(1, 1)
        client.get("/products/popular")
        InteractionFactory(product=b)

        kept = self.ranking(client.get("/products/popular"))
        wiring.forget()

        assert kept == [(a.pk, 1), (b.pk, 1)]
        assert self.ranking(client.get("/products/popular")) == [(b.pk, 2), (a.pk, 1)]

    @pytest.mark.parametrize("change", [{"is_active": False}, {"stock": 0}])
    def test_refills_the_place_of_what_is_gone_since_the_snapshot(self, client, change):
        gone, second, third = self.shop(3, 2, 1)
        client.get("/products/popular")
        Product.objects.filter(pk=gone.pk).update(**change)

        answer = client.get("/products/popular?top_n=2")

        assert self.ranking(answer) == [(second.pk, 2), (third.pk, 1)]

    def test_shows_fields_as_they_are_now(self, client):
        (lamp,) = self.shop(1)
        client.get("/products/popular")
        Product.objects.filter(pk=lamp.pk).update(name="Lantern", price="3.50", stock=7)

        (shown,) = client.get("/products/popular").json()["products"]

        assert (shown["name"], shown["price"], shown["stock"]) == ("Lantern", 3.5, 7)

    def test_leaves_out_what_left_the_category_since_the_snapshot(self, client):
        moved, stayed = (ProductFactory(category="Home") for _ in range(2))
        ProductFactory(category="Audio")
        client.get("/products/popular")
        Product.objects.filter(pk=moved.pk).update(category=Category.objects.get(name="Audio"))

        assert self.ranking(client.get("/products/popular?category=Home")) == [(stayed.pk, 0)]

    def test_is_for_staff_unless_reads_are_open(self, client, staff_client, settings):
        settings.API_OPEN_READS = False

        assert client.get("/products/popular").status_code == 401
        assert staff_client.get("/products/popular").status_code == 200

    def test_tells_staff_alone_that_a_product_is_active(self, client, staff_client):
        self.shop(1)

        assert "is_active" not in client.get("/products/popular").json()["products"][0]
        assert staff_client.get("/products/popular").json()["products"][0]["is_active"] is True

    def test_cannot_be_written_to(self, staff_client):
        assert staff_client.post("/products/popular", {}, format="json").status_code == 405

    @pytest.mark.parametrize("limit", ["0", "101", "-1", "ten", "1.0", "", "NaN", "9" * 50, "1\x00"])
    def test_refuses_another_limit(self, client, limit):
        answer = client.get("/products/popular", {"limit": limit})

        assert answer.status_code == 400
        assert answer.json()["errors"][0]["field"] == "limit"
        assert answer.json()["errors"][0]["value"] == limit


class TestRepeats:
    @pytest.fixture(autouse=True)
    def _open(self, open_reads):
        pass

    def test_of_one_shopper_make_nothing_popular_or_trending(self, client):
        pushed, liked = ProductFactory(), ProductFactory()
        one = UserFactory()
        for action in ("view", "view", "click"):
            InteractionFactory.create_batch(20, user=one, product=pushed, action_type=action)
        InteractionFactory.create_batch(3, product=liked, action_type="click")

        popular = client.get("/products/popular").json()["products"]
        trending = client.get("/trending").json()["recommended_products"]

        assert [(row["id"], row["interaction_count"]) for row in popular] == [(liked.pk, 3), (pushed.pk, 2)]
        assert [row["id"] for row in trending] == [liked.pk, pushed.pk]
        assert trending[1]["reasons"][0]["value"] == 2

    def test_count_if_the_setting_says_so(self, client, settings):
        settings.RECOMMENDATIONS = {**settings.RECOMMENDATIONS, "POPULARITY": "interactions"}
        wiring.forget()
        pushed = ProductFactory()
        InteractionFactory.create_batch(5, user=UserFactory(), product=pushed)
        InteractionFactory.create_batch(3)

        (first, *_) = client.get("/products/popular").json()["products"]

        assert (first["id"], first["interaction_count"]) == (pushed.pk, 5)
        assert client.get("/trending").json()["recommended_products"][0]["reasons"][0]["value"] == 5
