"""Tests of the CSV export of products: admin action, formula injection, and import of the file."""

import csv
import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.test import Client

from catalog.columns import PRODUCTS
from catalog.exporting.product_csv import product_csv
from catalog.models import Product
from catalog.selectors import ProductDetails
from catalog.services.names import get_or_create_category
from tests.factories import NOON, ProductFactory, StaffFactory

pytestmark = pytest.mark.django_db

LIST = "/admin/catalog/product/"


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def exported() -> str:
    return "".join(product_csv(Product.objects.all()))


def every_field() -> list[dict[str, Any]]:
    pages = map(ProductDetails.of, Product.objects.order_by("external_id"))
    return [{column.key: getattr(page, column.key) for column in PRODUCTS} for page in pages]


@pytest.fixture
def clerk() -> Client:
    """Staff with permission to view products only."""
    staff = StaffFactory(is_superuser=False)
    staff.user_permissions.set(Permission.objects.filter(codename="view_product"))
    client = Client()
    client.force_login(staff)
    return client


class TestProductCsv:
    def test_has_the_columns_that_the_importer_reads(self):
        ProductFactory(
            external_id="lamp", name="Lamp", category="Home", tags=["led", "desk"], price="9.9", stock=3
        )

        [row] = rows(exported())

        assert list(row) == [column.name for column in PRODUCTS]
        assert (row["id"], row["name"], row["category"]) == ("lamp", "Lamp", "Home")
        assert (row["price"], row["tags"], row["stock"]) == ("9.90", "desk|led", "3")
        assert row["description"] == "Made for tests."

    def test_keeps_formulas_from_being_run(self):
        ProductFactory(
            external_id="=id()",
            name='=HYPERLINK("http://evil.example","Lamp")',
            category="@Home",
            tags=["-10%"],
            description="\t=1+1",
            stock=None,
        )

        [row] = rows(exported())

        texts = [row[name] for name in ("id", "name", "category", "description", "tags")]
        assert [text[:1] for text in texts] == ["'"] * 5
        assert (row["price"], row["stock"]) == ("9.99", "")

    def test_is_read_back_as_it_was(self, tmp_path: Path):
        nothing: dict[str, Any] = {"category": None, "tags": [], "description": "", "stock": None}
        ProductFactory(
            external_id="=1", name="'=2", category="-3", tags=["+4", "b"], description='=5\n"6",\r\n-7'
        )
        ProductFactory(external_id="plain", name="Lamp, “big”", description="'t Hooft’s\n@home", stock=0)
        ProductFactory(external_id="bare", name="-", **nothing)
        ProductFactory(
            external_id="full",
            category=get_or_create_category("Home > =Kitchen"),
            group="@cups",
            sale_price="0.50",
            sale_from=NOON + timedelta(microseconds=1),
            sale_until=NOON + timedelta(days=1),
            attributes={"=colour": ["+red", 'dark "blue", light'], "size": ["ø|M"]},
            url="https://shop.example/a?b=c,d",
            image_url="http://shop.example/%22.jpg",
        )
        before = every_field()
        (tmp_path / "products.csv").write_bytes(exported().encode())
        (tmp_path / "users.csv").write_text("id,name\n")
        (tmp_path / "interactions.csv").write_text("user_id,product_id,action_type,created_at\n")
        Product.objects.all().delete()

        call_command("import_shop", str(tmp_path), "--strict", verbosity=0)

        assert every_field() == before

    def test_takes_two_queries_however_many_products(self, django_assert_num_queries):
        for n in range(5):
            ProductFactory(external_id=f"p{n}", tags=["a", f"t{n}"])

        with django_assert_num_queries(2):
            assert len(rows(exported())) == 5


def export(client: Client, query: str = "", *, everything: bool = False) -> Any:
    selected = Product.objects.order_by("-id").values_list("pk", flat=True)[:1]
    form = {
        "action": "export_csv",
        "select_across": "1" if everything else "0",
        ACTION_CHECKBOX_NAME: selected,
    }
    return client.post(f"{LIST}{query}", form)


class TestTheAction:
    def test_streams_a_file_of_what_is_ticked(self, clerk: Client):
        ProductFactory(external_id="one")
        ProductFactory(external_id="two")

        answer = export(clerk)

        assert answer.streaming
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert answer.headers["Content-Disposition"].startswith('attachment; filename="products-')
        assert [row["id"] for row in rows(answer.getvalue().decode())] == ["two"]

    def test_takes_all_of_a_filtered_list(self, clerk: Client):
        lamp = ProductFactory(external_id="lamp", name="Lamp", tags=["led"])
        ProductFactory(external_id="lamp-2", name="Lamp", tags=["led", "desk"])
        ProductFactory(external_id="off", name="Lamp", is_active=False, tags=["led"])
        ProductFactory(external_id="sofa", name="Sofa")
        tag = lamp.tags.get()

        answer = export(clerk, f"?q=Lamp&is_active__exact=1&tags={tag.pk}", everything=True)

        assert [row["id"] for row in rows(answer.getvalue().decode())] == ["lamp", "lamp-2"]

    def test_is_not_for_whoever_may_not_look_at_products(self):
        staff = StaffFactory(is_superuser=False)
        staff.user_permissions.set(Permission.objects.filter(codename="view_user"))
        client = Client()
        client.force_login(staff)
        ProductFactory()

        assert export(client).status_code == 403
