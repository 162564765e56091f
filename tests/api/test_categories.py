"""Tests of /categories."""

import pytest

from catalog.models import Category, Product
from tests.factories import NOON, CategoryFactory, ProductFactory

pytestmark = pytest.mark.django_db


class TestList:
    def test_answers_categories_by_name_with_their_products(self, client, open_reads):
        ProductFactory(category="Home")
        ProductFactory(category="Home")
        ProductFactory(category="Home", is_active=False)
        ProductFactory(category=None)
        audio, home = CategoryFactory(name="Audio"), Category.objects.get(name="Home")

        assert client.get("/categories").json() == {
            "count": 2,
            "categories": [
                {"id": audio.pk, "name": "Audio", "product_count": 0},
                {"id": home.pk, "name": "Home", "product_count": 2},
            ],
        }

    def test_counts_no_inactive_product_for_staff_either(self, staff_client):
        ProductFactory(category="Home", is_active=False)

        assert staff_client.get("/categories").json()["categories"][0]["product_count"] == 0

    @pytest.mark.parametrize("n", [1, 20])
    def test_makes_one_query_however_many_there_are(self, client, open_reads, django_assert_num_queries, n):
        for number in range(n):
            ProductFactory(category=f"Category {number}")

        with django_assert_num_queries(1):
            assert client.get("/categories").json()["count"] == n

    @pytest.mark.parametrize("query", ["page=1", "page_size=5", "name=Home"])
    def test_refuses_parameters(self, client, open_reads, query):
        assert client.get(f"/categories?{query}").status_code == 400


class TestOne:
    def test_is_found_by_number(self, client, open_reads, django_assert_num_queries):
        home = CategoryFactory(name="Home")

        with django_assert_num_queries(1):
            answer = client.get(f"/categories/{home.pk}")

        assert answer.json() == {"id": home.pk, "name": "Home", "product_count": 0}

    def test_has_no_external_id(self, client, open_reads):
        answer = client.get("/categories/ext:home")

        assert answer.status_code == 404
        assert "categories have numeric ids only" in answer.json()["detail"]

    @pytest.mark.parametrize("id", ["0", "99", "Home", str(2**63)])
    def test_is_a_404_when_unknown(self, client, open_reads, id):
        assert client.get(f"/categories/{id}").status_code == 404


class TestWrite:
    def test_creates_one(self, staff_client, django_assert_num_queries):
        with django_assert_num_queries(7):  # session, staff, savepoints, name taken?, insert, read back
            answer = staff_client.post("/categories", {"name": " Home "})

        home = Category.objects.get()
        assert answer.status_code == 201
        assert answer.json() == {"id": home.pk, "name": "Home", "product_count": 0}
        assert answer.headers["Location"] == f"http://testserver/categories/{home.pk}"

    @pytest.mark.parametrize("method", ["put", "patch"])
    def test_renames_one(self, staff_client, method, django_assert_num_queries):
        home = ProductFactory(category="Home").category
        Category.objects.filter(pk=home.pk).update(updated_at=NOON)

        with django_assert_num_queries(8):  # session, staff, savepoints, find, name taken?, update, read back
            answer = getattr(staff_client, method)(f"/categories/{home.pk}", {"name": "House"})

        assert answer.status_code == 200
        assert answer.json() == {"id": home.pk, "name": "House", "product_count": 1}
        assert Category.objects.get().updated_at > NOON

    @pytest.mark.parametrize("method", ["put", "patch"])
    def test_takes_back_what_was_read(self, staff_client, method):
        home = CategoryFactory(name="Home")
        before = staff_client.get(f"/categories/{home.pk}").json()

        answer = getattr(staff_client, method)(f"/categories/{home.pk}", before)

        assert (answer.status_code, answer.json()) == (200, before)

    def test_by_put_needs_the_name(self, staff_client):
        home = CategoryFactory(name="Home")

        assert staff_client.put(f"/categories/{home.pk}", {}).status_code == 400
        assert staff_client.patch(f"/categories/{home.pk}", {}).status_code == 200

    def test_by_put_creates_nothing(self, staff_client):
        assert staff_client.put("/categories/99", {"name": "Home"}).status_code == 404
        assert staff_client.put("/categories/ext:home", {"name": "Home"}).status_code == 404
        assert not Category.objects.exists()

    @pytest.mark.parametrize("name", ["", "x" * 256, "a\x00b", None, True, ["Home"]])
    def test_refuses_a_bad_name(self, staff_client, name):
        answer = staff_client.post("/categories", {"name": name})

        assert answer.status_code == 400
        assert answer.json()["errors"][0]["field"] == "name"

    def test_refuses_a_name_that_is_taken(self, staff_client):
        CategoryFactory(name="Home")
        garden = CategoryFactory(name="Garden")

        created = staff_client.post("/categories", {"name": "Home"})
        renamed = staff_client.patch(f"/categories/{garden.pk}", {"name": "Home"})

        assert created.status_code == renamed.status_code == 400
        assert renamed.json()["detail"] == "name is 'Home': Another category already has this name."


class TestDelete:
    def test_removes_an_empty_category(self, staff_client, django_assert_num_queries):
        home = CategoryFactory(name="Home")

        with django_assert_num_queries(10):  # session, staff, two savepoints, find, in use? again, delete
            assert staff_client.delete(f"/categories/{home.pk}").status_code == 204
        assert not Category.objects.exists()

    def test_is_a_409_while_products_are_in_it(self, staff_client):
        product = ProductFactory(category="Home", is_active=False)

        answer = staff_client.delete(f"/categories/{product.category_id}")

        assert answer.status_code == 409
        assert answer.json()["detail"] == (
            "Category 'Home' has products (active or inactive) and cannot be deleted; "
            "move them to another category first."
        )
        assert Product.objects.get().category is not None
