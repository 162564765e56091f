"""Names, keys and texts are the same at every door: in NFC, without invisible characters."""

import unicodedata
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.utils import timezone

from catalog.importing.import_shop import ImportOptions, import_shop
from catalog.importing.report import NullObserver
from catalog.models import Category, Interaction, Product, Tag, User
from catalog.services.names import get_or_create_category, get_or_create_tags
from tests.factories import ProductFactory, StaffFactory, UserFactory
from tests.shops import write_shop

pytestmark = pytest.mark.django_db
NAME = "Café é"
ODD = "\ufeff" + unicodedata.normalize("NFD", "Café\u200b é") + "\u200e"

OPTIONS = ImportOptions(into_existing=True)


@pytest.fixture
def product() -> Product:
    return ProductFactory(name=NAME, external_id=NAME, brand=NAME, category=NAME, tags=[NAME])


@pytest.fixture
def office(db: None) -> Client:
    """The admin as a member of staff sees it."""
    client = Client()
    client.force_login(StaffFactory())
    return client


class TestEachDoor:
    def test_of_the_api_cleans_what_is_stored(self, staff_client: Client):
        body = {"name": ODD, "external_id": ODD, "brand": ODD, "category": ODD, "tags": [ODD], "price": 1}

        made = staff_client.post("/products", {**body, "description": f"{ODD}\n{ODD}"}).json()

        assert {made[field] for field in ("name", "external_id", "brand", "category")} == {NAME}
        assert made["tags"] == [NAME]
        assert made["description"] == f"{NAME}\n{NAME}"

    @pytest.mark.parametrize("parameter", ["category", "tag", "brand", "search"])
    def test_of_the_filters_finds(self, staff_client: Client, product: Product, parameter: str):
        assert staff_client.get("/products", {parameter: ODD}).json()["count"] == 1

    def test_of_references_finds(self, staff_client: Client, product: Product):
        UserFactory(external_id=NAME)
        event = {"user_id": f"ext:{ODD}", "product_id": f"ext:{ODD}", "action_type": "view"}

        assert staff_client.get(f"/products/ext:{ODD}").status_code == 200
        assert staff_client.get(f"/users/ext:{ODD}").status_code == 200
        assert staff_client.post("/interactions", event).status_code == 201
        assert staff_client.post("/interactions/bulk", [event]).json()["stored"] == 1
        assert staff_client.get(f"/recommend/ext:{ODD}", {"category": ODD}).status_code == 200

    def test_of_a_key_refuses_the_same_key_in_another_form(self, staff_client: Client, product: Product):
        again = staff_client.post("/products", {"name": "x", "price": 1, "external_id": ODD})

        assert again.status_code == 400
        assert "Another product already has this external ID." in again.content.decode()

    def test_of_the_admin_cleans_what_is_stored(self, office: Client):
        texts = dict.fromkeys(("name", "external_id", "brand", "description"), ODD)

        office.post("/admin/catalog/product/add/", {**texts, "price": "1", "stock": ""})

        stored = Product.objects.get()
        assert {stored.name, stored.external_id, stored.brand, stored.description} == {NAME}

    def test_of_an_import_cleans_what_is_stored(self, tmp_path: Path):
        write_shop(
            tmp_path,
            products=[f"{ODD},{ODD},{ODD},1,{ODD},{ODD}"],
            users=[f"{ODD},{ODD}"],
            interactions=[f"{key},{key},view,2026-01-01T09:00:00Z" for key in (ODD, NAME)],
        )

        import_shop(tmp_path, now=timezone.now(), observer=NullObserver(), options=OPTIONS)

        assert Product.objects.values_list("name", "external_id", "category__name").get() == (NAME,) * 3
        assert User.objects.values_list("name", "external_id").get() == (NAME, NAME)
        assert Tag.objects.get().name == NAME
        assert Interaction.objects.count() == 2

    def test_of_the_orm_cleans_what_is_stored(self):
        Product.objects.create(name=ODD, external_id=ODD, price=1)

        assert Product.objects.values_list("name", "external_id").get() == (NAME, NAME)


class TestTerms:
    def test_that_differ_by_case_are_one_in_an_import(self, tmp_path: Path):
        rows = ["1,A,Shoes,1,,Red|rEd", "2,B,shoes,1,,RED", "3,C,SHOES,1,,red|blue"]
        write_shop(tmp_path, products=rows, users=[], interactions=[])

        def run() -> Any:
            return import_shop(tmp_path, now=timezone.now(), observer=NullObserver(), options=OPTIONS)

        first, second = run(), run()

        assert list(Category.objects.values_list("name", flat=True)) == ["Shoes"]
        assert sorted(Tag.objects.values_list("name", flat=True)) == ["Red", "blue"]
        assert (first.n_new_categories, first.n_new_tags) == (1, 2)
        assert [product.category.name for product in Product.objects.all()] == ["Shoes"] * 3
        assert Product.tags.through.objects.count() == 4
        assert second.products.unchanged == 3

    def test_that_differ_by_case_are_one_in_the_api(self, staff_client: Client):
        bodies = [
            {"name": "A", "price": 1, "category": "Shoes", "tags": ["Red", "RED"]},
            {"name": "B", "price": 1, "category": "sHoes", "tags": ["red"]},
        ]

        made = [staff_client.post("/products", body).json() for body in bodies]

        assert [(product["category"], product["tags"]) for product in made] == [("Shoes", ["Red"])] * 2
        again = staff_client.post("/categories", {"name": "SHOES"})
        assert again.status_code == 400
        assert "Another category already has this name." in again.content.decode()

    def test_can_be_respelled(self, staff_client: Client):
        shoes = get_or_create_category("shoes")
        assert shoes is not None

        assert staff_client.put(f"/categories/{shoes.pk}", {"name": "Shoes"}).json()["name"] == "Shoes"
        assert get_or_create_category("SHOES") == shoes

    def test_that_differ_by_case_are_refused_by_the_admin(self, office: Client):
        get_or_create_tags(["Red"])

        page = office.post("/admin/catalog/tag/add/", {"name": "RED"})

        assert "Another tag is called" in page.content.decode()
        with pytest.raises(ValidationError):
            Tag(name="rED").full_clean()

    def test_renamed_by_an_update_are_found_by_their_new_name(self):
        shoes = get_or_create_category("Shoes")
        Category.objects.update(name="Boots")

        assert get_or_create_category("BOOTS") == shoes
        assert get_or_create_category("shoes") != shoes

    def test_written_by_sql_are_found(self):
        get_or_create_category("Shoes")
        with connection.cursor() as cursor:
            cursor.execute("UPDATE catalog_category SET name = 'Boots'")
            cursor.execute("INSERT INTO catalog_category (name, updated_at) VALUES ('Hats', '2026-01-01')")

        found = {name: get_or_create_category(name) for name in ("Boots", "Shoes", "Hats")}

        assert {name: term and term.name for name, term in found.items()} == {name: name for name in found}
        assert Category.objects.count() == 3
