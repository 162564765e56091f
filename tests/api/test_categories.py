"""Tests of /categories."""

import pytest

from catalog.models import Category, Product
from catalog.services.names import get_or_create_category
from tests.factories import NOON, CategoryFactory, InteractionFactory, ProductFactory, UserFactory

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
                {"id": audio.pk, "name": "Audio", "path": "Audio", "parent": None, "product_count": 0},
                {"id": home.pk, "name": "Home", "path": "Home", "parent": None, "product_count": 2},
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

        assert answer.json() == {
            "id": home.pk,
            "name": "Home",
            "path": "Home",
            "parent": None,
            "product_count": 0,
        }

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
        assert answer.json() == {
            "id": home.pk,
            "name": "Home",
            "path": "Home",
            "parent": None,
            "product_count": 0,
        }
        assert answer.headers["Location"] == f"http://testserver/categories/{home.pk}"

    @pytest.mark.parametrize("method", ["put", "patch"])
    def test_renames_one(self, staff_client, method, django_assert_num_queries):
        home = ProductFactory(category="Home").category
        Category.objects.filter(pk=home.pk).update(updated_at=NOON)

        # session, staff, savepoints, find, as stored, those below, name taken?, update, read back
        with django_assert_num_queries(10):
            answer = getattr(staff_client, method)(f"/categories/{home.pk}", {"name": "House"})

        assert answer.status_code == 200
        assert answer.json() == {
            "id": home.pk,
            "name": "House",
            "path": "House",
            "parent": None,
            "product_count": 1,
        }
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

    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("A > B", "Contains '>', which separates the levels of a path"),
            ("A>B", "Contains '>', which separates the levels of a path"),
        ],
    )
    def test_refuses_a_name_with_a_separator(self, staff_client, name, message):
        [error] = staff_client.post("/categories", {"name": name}).json()["errors"]

        assert (error["field"], error["value"]) == ("name", name)
        assert error["message"].startswith(message)

    def test_refuses_a_name_that_is_taken(self, staff_client):
        CategoryFactory(name="Home")
        garden = CategoryFactory(name="Garden")

        created = staff_client.post("/categories", {"name": "Home"})
        renamed = staff_client.patch(f"/categories/{garden.pk}", {"name": "Home"})

        assert created.status_code == renamed.status_code == 400
        assert renamed.json()["detail"] == "name is 'Home': Another category already has this name."


class TestTree:
    @pytest.fixture
    def cups(self) -> Category:
        return get_or_create_category("Home > Kitchen > Cups")

    def test_is_made_from_the_top(self, staff_client):
        home = staff_client.post("/categories", {"name": "Home"}).json()

        kitchen = staff_client.post("/categories", {"name": "Kitchen", "parent": home["id"]})

        assert kitchen.status_code == 201
        assert (kitchen.json()["path"], kitchen.json()["parent"]) == ("Home > Kitchen", home["id"])

    def test_is_listed_by_path(self, client, open_reads, cups):
        CategoryFactory(name="Attic")

        rows = client.get("/categories").json()["categories"]

        assert [row["path"] for row in rows] == ["Attic", "Home", "Home > Kitchen", "Home > Kitchen > Cups"]

    def test_moves_with_what_is_below(self, staff_client, cups):
        answer = staff_client.patch(f"/categories/{cups.parent_id}", {"parent": None})

        assert (answer.status_code, answer.json()["path"]) == (200, "Kitchen")
        cups.refresh_from_db()
        assert cups.path == "Kitchen > Cups"

    def test_may_have_a_name_twice_but_not_below_the_same_parent(self, staff_client, cups):
        top = staff_client.post("/categories", {"name": "Cups"})
        again = staff_client.post("/categories", {"name": "Cups", "parent": cups.parent_id})

        assert top.status_code == 201
        assert again.json()["detail"] == "name is 'Cups': Another category already has this name."

    @pytest.mark.parametrize(
        ("name", "parent", "message"),
        [
            ("Home", "Home", "Must not be the category itself or one below it."),
            ("Home", "Cups", "Must not be the category itself or one below it."),
            ("Cups", 0, "There is no such category; must be an id, see /categories."),
            ("Cups", "Kitchen", "There is no such category; must be an id, see /categories."),
            ("Cups", True, "There is no such category; must be an id, see /categories."),
            ("Cups", 2**70, "There is no such category; must be an id, see /categories."),
        ],
    )
    def test_refuses_a_parent_that_cannot_be(self, staff_client, cups, name, parent, message):
        ids = {category.name: category.pk for category in Category.objects.all()}
        sent = ids[parent] if parent in ("Home", "Cups") else parent

        [error] = staff_client.patch(f"/categories/{ids[name]}", {"parent": sent}).json()["errors"]

        assert (error["field"], error["value"]) == ("parent", sent)
        assert error["message"] == message

    def test_refuses_an_eleventh_level(self, staff_client):
        deepest = get_or_create_category(" > ".join("ABCDEFGHIJ"))

        [error] = staff_client.post("/categories", {"name": "K", "parent": deepest.pk}).json()["errors"]

        assert (error["field"], error["message"]) == (
            "parent",
            "Is too deep: a path has at most 10 levels, with those below the category.",
        )

    def test_is_a_409_to_delete_while_others_are_below(self, staff_client, cups):
        answer = staff_client.delete(f"/categories/{cups.parent_id}")

        assert answer.status_code == 409
        assert "has categories below it" in answer.json()["detail"]


class TestProducts:
    @pytest.mark.parametrize("sent", ["Home > Kitchen > Cups", "Home>Kitchen >  Cups"])
    def test_take_a_path_and_create_what_is_missing(self, staff_client, sent):
        CategoryFactory(name="Home")

        answer = staff_client.post("/products", {"name": "Mug", "price": 1, "category": sent})

        assert answer.json()["category"] == "Home > Kitchen > Cups"
        assert Category.objects.count() == 3

    @pytest.mark.parametrize(
        ("sent", "message"),
        [
            ("Home > ", "Must have a name before and after each '>', which separates levels."),
            ("> Home", "Must have a name before and after each '>', which separates levels."),
            ("A >> B", "Must have a name before and after each '>', which separates levels."),
            (" > ".join("ABCDEFGHIJK"), "Has 11 levels; at most 10 are allowed."),
            ("A > " + "x" * 256, "Ensure this field has no more than 255 characters."),
            (
                f"{'x' * 200} > {'y' * 200} > {'z' * 200}",
                "Ensure this field has no more than 500 characters.",
            ),
        ],
    )
    def test_refuse_a_path_that_cannot_be(self, staff_client, sent, message):
        [error] = staff_client.post("/products", {"name": "Mug", "price": 1, "category": sent}).json()[
            "errors"
        ]

        assert (error["field"], error["message"]) == ("category", message)

    @pytest.mark.parametrize(
        ("category", "found"),
        [
            ("Home", ["in Home", "in Cups"]),
            ("Home > Kitchen", ["in Cups"]),
            ("Home > Kitchen > Cups", ["in Cups"]),
            ("Garden", []),
        ],
    )
    @pytest.mark.parametrize("path", ["/products", "/products/popular", "/trending", "/recommend/ext:ann"])
    def test_are_found_by_a_category_above(self, client, open_reads, path, category, found):
        UserFactory(external_id="ann")
        CategoryFactory(name="Garden")
        ProductFactory(name="in Home", category="Home")
        ProductFactory(name="in Cups", category=get_or_create_category("Home > Kitchen > Cups"))
        ProductFactory(name="in homeware", category="home > kitchen".replace(" > ", "ware "))
        ProductFactory(name="in Homestead", category="Homestead")

        answer = client.get(path, {"category": category}).json()

        rows = answer.get("products", answer.get("recommended_products"))
        assert [row["name"] for row in rows] == found

    def test_are_called_by_the_last_name_in_sentences(self, client, open_reads):
        cups = get_or_create_category("Home > Cups")
        mug, _ = ProductFactory(name="Mug", category=cups), ProductFactory(name="Pot", category=cups)
        event = InteractionFactory(product=mug)

        answer = client.get(f"/recommend/{event.user_id}?top_n=1").json()

        assert answer["user_behavior_summary"] == "Recently viewed: Mug. Interested in: Cups."
        assert "your interest in Cups," in answer["llm_explanation"]
        assert answer["recommended_products"][0]["reasons"][0]["value"] == "Home > Cups"

    def test_follow_a_category_that_moves(self, client, open_reads):
        user = UserFactory()
        ProductFactory(name="Mug", category=get_or_create_category("Home > Cups"))
        CategoryFactory(name="Garden")
        path = f"/recommend/{user.pk}?category=Garden"
        assert client.get(path).json()["recommended_products"] == []
        answer = client.get(f"/recommend/{user.pk}")

        Category.objects.filter(name="Cups").update(parent=Category.objects.get(name="Garden"))

        assert client.get(path).json()["recommended_products"][0]["category"] == "Garden > Cups"
        again = client.get(f"/recommend/{user.pk}", headers={"If-None-Match": answer["ETag"]})
        assert again.status_code == 200


class TestDelete:
    def test_removes_an_empty_category(self, staff_client, django_assert_num_queries):
        home = CategoryFactory(name="Home")

        # session, staff, two savepoints, find, in use? others below? both again, delete
        with django_assert_num_queries(12):
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
