"""Tests of the product admin's actions."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from catalog.models import Category, Product, Tag
from tests.factories import CategoryFactory, ProductFactory, TagFactory

LIST = reverse("admin:catalog_product_changelist")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def run(office: Client, action: str, products: list[Product], *, where: str = "", **answer: object) -> str:
    """Run the action on the products, submit its intermediate form, and return the next page."""
    chosen = {"action": action, "_selected_action": [product.pk for product in products]}
    asked = {"answered": "yes", **answer} if answer else {"index": 0}
    return office.post(LIST + where, {**chosen, **asked}, follow=True).content.decode()


@pytest.fixture
def products(db: None) -> list[Product]:
    ProductFactory.create_batch(3)
    Product.objects.update(updated_at=LONG_AGO)
    return list(Product.objects.order_by("id"))


def moved() -> list[bool]:
    """Return for each product whether its `updated_at` changed."""
    dates = Product.objects.order_by("id").values_list("updated_at", flat=True)
    return [date > LONG_AGO for date in dates]


class TestDeactivating:
    def test_changes_the_selected_products_only(self, office, products):
        html = run(office, "deactivate", products[:2])

        assert list(Product.objects.active()) == products[2:]
        assert moved() == [True, True, False]
        assert "2 products were deactivated." in html

    def test_counts_only_what_changed(self, office, products):
        Product.objects.filter(pk=products[0].pk).update(is_active=False, updated_at=LONG_AGO)

        html = run(office, "deactivate", products)

        assert "2 products were deactivated. 1 product was already inactive." in html
        assert moved() == [False, True, True]


class TestActivating:
    def test_changes_the_selected_products_only(self, office, products):
        Product.objects.update(is_active=False, updated_at=LONG_AGO)

        html = run(office, "activate", products[:1])

        assert list(Product.objects.active()) == products[:1]
        assert moved() == [True, False, False]
        assert "1 product was activated." in html


class TestSettingTheCategory:
    def test_asks_which_without_listing_any(self, office, products):
        CategoryFactory(name="Garden")

        html = run(office, "set_category", products)

        assert "Set the category of 3 products" in html
        assert "admin-autocomplete" in html
        assert "Garden" not in html
        assert moved() == [False] * 3

    def test_moves_the_products_there(self, office, products):
        garden = CategoryFactory(name="Garden")

        html = run(office, "set_category", products[:2], category=garden.pk)

        assert list(garden.products.order_by("id")) == products[:2]
        assert moved() == [True, True, False]
        assert "2 products were moved to “Garden”." in html

    def test_moves_products_without_a_category_too(self, office, products):
        Product.objects.update(category=None)
        garden = CategoryFactory(name="Garden")

        run(office, "set_category", products, category=garden.pk)

        assert garden.products.count() == 3

    def test_asks_again_when_the_answer_is_no_category(self, office, products):
        html = run(office, "set_category", products, category=0)

        assert "Select a valid choice" in html
        assert moved() == [False] * 3

    def test_offers_to_add_a_category_to_whom_that_is_allowed(self, office, hire, products):
        clerk = hire("view_product", "change_product", "view_category")

        assert "add_id_category" in run(office, "set_category", products)
        assert "add_id_category" not in run(clerk, "set_category", products)


class TestAddingATag:
    def test_keeps_the_tags_that_are_there(self, office, products):
        products[0].tags.add(TagFactory(name="old"))
        sale = TagFactory(name="sale")

        html = run(office, "add_tag", products[:2], tags=sale.pk)

        assert sorted(products[0].tags.values_list("name", flat=True)) == ["old", "sale"]
        assert list(sale.products.order_by("id")) == products[:2]
        assert moved() == [True, True, False]
        assert "2 products were tagged “sale”." in html

    def test_counts_only_what_lacked_it(self, office, products):
        sale = TagFactory(name="sale")
        products[0].tags.add(sale)

        html = run(office, "add_tag", products, tags=sale.pk)

        assert "2 products were tagged “sale”. 1 product was already tagged." in html
        assert moved() == [False, True, True]
        assert sale.products.count() == 3

    def test_holds_for_products_selected_by_a_date_that_it_moves(self, office, products):
        sale = TagFactory(name="sale")

        run(office, "add_tag", products, where="?updated_at_to=2020-12-31", tags=sale.pk)

        assert sale.products.count() == 3
        assert moved() == [True] * 3

    def test_holds_for_products_selected_by_having_no_tag(self, office, products):
        sale = TagFactory(name="sale")

        run(office, "add_tag", products, where="?tags=none", tags=sale.pk)

        assert sale.products.count() == 3
        assert moved() == [True] * 3


class TestSelectingAcrossPages:
    @pytest.mark.parametrize(
        ("action", "answer"),
        [
            ("activate", {}),
            ("deactivate", {}),
            ("set_category", {"category": "Garden"}),
            ("add_tag", {"tags": "sale"}),
        ],
    )
    def test_reaches_every_product_that_the_filters_leave(self, office, action, answer):
        rows = {"category": CategoryFactory(name="Garden"), "tags": TagFactory(name="sale")}
        n_queries = []
        for n in (60, 600):
            Product.objects.all().delete()
            made = [Product(name=f"Lamp {i}", price=1, is_active=i % 2) for i in range(n)]
            Product.objects.bulk_create([*made, Product(name="Radio", price=1)])
            Product.objects.update(updated_at=LONG_AGO)
            chosen = {"action": action, "select_across": 1, "_selected_action": [1], "answered": "yes"}

            with CaptureQueriesContext(connection) as queries:
                office.post(f"{LIST}?q=lamp", {**chosen, **{name: rows[name].pk for name in answer}})

            n_queries.append(len(queries))
            changed = Product.objects.filter(updated_at__gt=LONG_AGO)
            assert changed.count() == (n if answer else n // 2)
            assert not changed.filter(name="Radio").exists()
        assert n_queries[0] == n_queries[1] < 25

    def test_is_remembered_by_the_page_in_between(self, office):
        Product.objects.bulk_create(Product(name=f"Lamp {i}", price=1) for i in range(60))
        ids = list(Product.objects.values_list("pk", flat=True)[:50])
        chosen = {"action": "add_tag", "select_across": 1, "_selected_action": ids, "index": 0}

        html = office.post(LIST, chosen).content.decode()

        assert "Add a tag to 60 products" in html
        assert '<input type="hidden" name="select_across" value="1">' in html
        assert html.count('name="_selected_action"') == 1


class TestPermissions:
    def test_hide_the_actions_from_who_may_only_look(self, hire, products):
        clerk = hire("view_product")

        html = clerk.get(LIST).content.decode()

        assert 'value="deactivate"' not in html
        assert 'value="add_tag"' not in html

    @pytest.mark.parametrize("action", ["activate", "deactivate", "set_category", "add_tag"])
    def test_stop_who_may_only_look(self, hire, products, action):
        garden, sale = CategoryFactory(name="Garden"), TagFactory(name="sale")
        clerk = hire("view_product")

        run(clerk, action, products, category=garden.pk, tags=sale.pk)

        assert moved() == [False] * 3
        assert not Category.objects.filter(name="Garden", products__isnull=False).exists()
        assert not Tag.objects.filter(name="sale", products__isnull=False).exists()
