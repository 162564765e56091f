"""Tests of the category and tag admins."""

import pytest
from django.urls import reverse

from catalog.models import Category, Product, Tag
from tests.factories import CategoryFactory, ProductFactory, TagFactory

TERMS = [("category", "category"), ("tag", "tags")]


@pytest.mark.parametrize(("kind", "field"), TERMS)
class TestList:
    def test_counts_products_and_leads_to_them(self, office, kind, field):
        ProductFactory(category="Home", tags=["led"])
        ProductFactory(category="Home", tags=["led"], is_active=False)
        row = {"category": Category, "tag": Tag}[kind].objects.get()

        html = office.get(reverse(f"admin:catalog_{kind}_changelist")).content.decode()

        assert f'<a href="/admin/catalog/product/?{field}={row.pk}">2</a>' in html

    def test_finds_parts_of_names(self, office, kind, field):
        factory = {"category": CategoryFactory, "tag": TagFactory}[kind]
        wanted, _ = factory(name="Garden chairs"), factory(name="Home")

        page = office.get(reverse(f"admin:catalog_{kind}_changelist"), {"q": "chair"})

        assert page.context["cl"].result_list == [wanted]

    def test_leads_from_the_row_to_its_products(self, office, kind, field):
        ProductFactory(category="Home", tags=["led"])
        row = {"category": Category, "tag": Tag}[kind].objects.get()

        html = office.get(reverse(f"admin:catalog_{kind}_change", args=[row.pk])).content.decode()

        assert f'<a href="/admin/catalog/product/?{field}={row.pk}">1</a>' in html


@pytest.mark.parametrize(("kind", "field"), TERMS)
class TestAdding:
    def test_asks_for_the_name_alone(self, office, kind, field):
        url = reverse(f"admin:catalog_{kind}_add")

        assert list(office.get(url).context["adminform"].form.fields) == ["name"]
        assert office.post(url, {"name": "New"}).status_code == 302
        assert {"category": Category, "tag": Tag}[kind].objects.get().name == "New"


class TestDeletingACategory:
    def test_in_use_is_refused_with_advice(self, office):
        product = ProductFactory(category="Home")
        url = reverse("admin:catalog_category_delete", args=[product.category.pk])

        html = office.post(url, {"post": "yes"}).content.decode()

        assert f'<a href="/admin/catalog/product/?category={product.category.pk}">1</a> product' in html
        assert "Move its products to another category first" in html
        assert Category.objects.exists()

    def test_without_products_is_done(self, office):
        category = CategoryFactory()

        office.post(reverse("admin:catalog_category_delete", args=[category.pk]), {"post": "yes"})

        assert not Category.objects.exists()


class TestDeletingATag:
    def test_takes_it_off_its_products(self, office):
        product = ProductFactory(tags=["led", "desk"])
        led = Tag.objects.get(name="led")
        url = reverse("admin:catalog_tag_delete", args=[led.pk])

        asked = office.get(url).content.decode()
        office.post(url, {"post": "yes"})

        assert "<li>Product-tag relationships: 1</li>" in asked
        assert [tag.name for tag in product.tags.all()] == ["desk"]
        assert Product.objects.get() == product
