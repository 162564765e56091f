"""Rows for tests: sensible defaults, nothing random."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import factory

from access.models import Account
from catalog.models import Category, Interaction, Product, Tag, User

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User

    name = factory.Sequence(lambda n: f"Shopper {n}")
    external_id = factory.Sequence(lambda n: f"u{n}")


class AccountFactory(factory.django.DjangoModelFactory):
    """Somebody who may log in, and nothing else."""

    class Meta:
        model = Account

    username = factory.Sequence(lambda n: f"account{n}")


class StaffFactory(AccountFactory):
    username = factory.Sequence(lambda n: f"staff{n}")
    is_staff = True
    is_superuser = True


class CategoryFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Category
        django_get_or_create = ("name",)

    name = "Electronics"


class TagFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Tag
        django_get_or_create = ("name",)

    name = "audio"


class ProductFactory(factory.django.DjangoModelFactory):
    """`category` and `tags` are names here: ProductFactory(category="Home", tags=["desk", "led"])."""

    class Meta:
        model = Product
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Product {n}")
    external_id = factory.Sequence(lambda n: f"p{n}")
    price = "9.99"
    description = "Made for tests."

    @classmethod
    def _create(cls, model_class: type[Product], *args: Any, **kwargs: Any) -> Product:
        category = kwargs.pop("category", "Electronics")
        tags: Iterable[str] = kwargs.pop("tags", ())
        kwargs["category"] = CategoryFactory(name=category) if isinstance(category, str) else category
        product = super()._create(model_class, *args, **kwargs)
        product.tags.set([TagFactory(name=name) for name in tags])
        return product


class InteractionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Interaction

    user = factory.SubFactory(UserFactory)
    product = factory.SubFactory(ProductFactory)
    action_type = "view"
    occurred_at = NOON
