"""Tests of the services that write products, categories and users."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, connection

from catalog.errors import InUse
from catalog.models import Category, Product, Tag, User
from catalog.services.categories import change_category, create_category, delete_category
from catalog.services.names import get_or_create_category, get_or_create_tags
from catalog.services.products import change_product, create_product, delete_product
from catalog.services.users import change_shopper, create_shopper, delete_shopper
from tests.factories import NOON, InteractionFactory, ProductFactory, TagFactory, UserFactory

pytestmark = pytest.mark.django_db


class TestCreateProduct:
    def test_stores_it_with_new_names(self):
        lamp = create_product(
            name="Lamp", price=Decimal("9.90"), category="Home", tags=["led", "led", "desk"]
        )

        stored = Product.objects.get()
        assert stored == lamp
        assert (stored.price, str(stored.category), stored.is_active) == (Decimal("9.90"), "Home", True)
        assert sorted(str(tag) for tag in stored.tags.all()) == ["desk", "led"]

    def test_leaves_nothing_behind_when_the_key_is_taken(self):
        ProductFactory(external_id="lamp", category="Garden")

        with pytest.raises(IntegrityError):
            create_product(name="Lamp", price=Decimal(1), external_id="lamp", category="Home", tags=["led"])

        assert not Category.objects.filter(name="Home").exists()
        assert not Tag.objects.exists()


class TestChangeProduct:
    def test_writes_only_what_is_given(self):
        lamp = ProductFactory(name="Lamp", price="5.00")
        Product.objects.filter(pk=lamp.pk).update(price="7.00")  # a concurrent change

        change_product(product=lamp, name="Lantern")

        stored = Product.objects.get()
        assert (stored.name, stored.price) == ("Lantern", Decimal("7.00"))

    @pytest.mark.parametrize("tags", [[], ["led"], ["audio"]])
    def test_moves_updated_at_when_only_tags_change(self, tags):
        lamp = ProductFactory(tags=["led"])
        Product.objects.update(updated_at=NOON)

        change_product(product=lamp, tags=tags)

        assert Product.objects.get().updated_at > NOON
        assert [str(tag) for tag in Product.objects.get().tags.all()] == tags


class TestDeleteProduct:
    def test_raises_while_it_is_in_use(self):
        event = InteractionFactory()

        with pytest.raises(InUse, match="deactivate it instead"):
            delete_product(product=event.product)

    def test_removes_it(self):
        delete_product(product=ProductFactory())

        assert not Product.objects.exists()


class TestTagsNamed:
    def test_takes_a_tag_that_somebody_makes_meanwhile(self):
        theirs = []

        def between(execute, sql, params, many, context):
            if sql.startswith('INSERT INTO "catalog_tag"') and not theirs:
                theirs.append(None)
                theirs[0] = TagFactory(name="led")
            return execute(sql, params, many, context)

        with connection.execute_wrapper(between):
            tags = get_or_create_tags(["led", "desk"])

        assert [tag.pk for tag in tags if tag.name == "led"] == [theirs[0].pk]
        assert Tag.objects.count() == 2


class TestCategoryNamed:
    def test_is_none_without_a_name(self):
        assert get_or_create_category(None) is None


class TestCategories:
    def test_are_made_renamed_and_removed(self):
        home = create_category(name="Home")
        change_category(category=home, name="House")
        change_category(category=home)

        assert Category.objects.get().name == "House"

        delete_category(category=home)

        assert not Category.objects.exists()

    def test_stay_while_products_are_in_them(self):
        with pytest.raises(InUse, match="'Electronics' has products"):
            delete_category(category=ProductFactory(is_active=False).category)


class TestShoppers:
    def test_are_made_and_changed(self):
        anna = create_shopper(name="Anna", external_id="a")
        change_shopper(shopper=anna, name="Anne")
        change_shopper(shopper=anna)

        stored = User.objects.get()
        assert (stored.name, stored.external_id) == ("Anne", "a")

    def test_leave_with_what_they_did(self):
        event = InteractionFactory()
        UserFactory()

        delete_shopper(shopper=event.user)

        assert User.objects.count() == 1
        assert not event.product.interactions.exists()
