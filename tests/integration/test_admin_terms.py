"""Tests of the category and tag admins."""

import pytest
from django.urls import reverse

from catalog.models import Category, Product, Tag
from catalog.services.names import get_or_create_category
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
    def test_asks_for_the_name(self, office, kind, field):
        url = reverse(f"admin:catalog_{kind}_add")

        asked = ["name", "parent"] if kind == "category" else ["name"]
        assert list(office.get(url).context["adminform"].form.fields) == asked
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


class TestTree:
    def test_shows_paths(self, office):
        get_or_create_category("Home > Kitchen")

        html = office.get(reverse("admin:catalog_category_changelist")).content.decode()

        assert "Home &gt; Kitchen" in html

    def test_moves_a_category_with_those_below(self, office):
        cups, garden = get_or_create_category("Home > Kitchen > Cups"), CategoryFactory(name="Garden")
        url = reverse("admin:catalog_category_change", args=[cups.parent_id])

        answer = office.post(url, {"name": "Kitchen", "parent": garden.pk})

        cups.refresh_from_db()
        assert (answer.status_code, cups.path) == (302, "Garden > Kitchen > Cups")

    @pytest.mark.parametrize(
        ("name", "parent", "field"), [("Home", "Cups", "parent"), ("A > B", "Home", "name")]
    )
    def test_says_what_cannot_be(self, office, name, parent, field):
        get_or_create_category("Home > Kitchen > Cups")
        home = Category.objects.get(name="Home")
        url = reverse("admin:catalog_category_change", args=[home.pk])

        page = office.post(url, {"name": name, "parent": Category.objects.get(name=parent).pk})

        assert field in page.context["adminform"].form.errors
