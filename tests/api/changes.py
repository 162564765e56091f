"""All that can change under an answer that is kept."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from catalog.models import Category, Interaction, Product, Tag, User
from recommendations.models import StoredList
from recommendations.training import registry
from tests.api.ahead import first, generate
from tests.factories import InteractionFactory

OLD = datetime(2001, 1, 1, tzinfo=UTC)


def _committed_late(user: User) -> None:
    """A change that was begun before all others is there now."""
    Product.objects.filter(id=first(user).id).update(name="Renamed", updated_at=OLD)


def ids(body: Any) -> list[int]:
    return [product["id"] for product in body["recommended_products"]]


def _saved(product: Product, **values: Any) -> None:
    for name, value in values.items():
        setattr(product, name, value)
    product.save(update_fields=list(values))


# What is changed, and the place in the answer that must show it.
CHANGES: dict[str, tuple[Callable[[User], Any], Callable[[Any], Any]]] = {
    "a product is renamed": (
        lambda user: Product.objects.filter(id=first(user).id).update(name="Renamed"),
        lambda body: body["recommended_products"][0]["name"],
    ),
    "a change is committed late": (_committed_late, lambda body: body["recommended_products"][0]["name"]),
    "a product is saved in one field alone": (
        lambda user: _saved(first(user), name="Renamed"),
        lambda body: body["recommended_products"][0]["name"],
    ),
    "a price": (
        lambda user: Product.objects.filter(id=first(user).id).update(price="1.25"),
        lambda body: body["recommended_products"][0]["price"],
    ),
    "a description": (
        lambda user: Product.objects.filter(id=first(user).id).update(description="New."),
        lambda body: body["recommended_products"][0]["description"],
    ),
    "an external id": (
        lambda user: Product.objects.filter(id=first(user).id).update(external_id=None),
        lambda body: body["recommended_products"][0]["external_id"],
    ),
    "a product is deactivated": (
        lambda user: Product.objects.filter(id=first(user).id).update(is_active=False),
        lambda body: body["recommended_products"][0]["id"],
    ),
    "a product is sold out": (
        lambda user: Product.objects.filter(id=first(user).id).update(stock=0),
        lambda body: body["recommended_products"][0]["id"],
    ),
    "a product is deleted": (
        lambda user: first(user).delete(),
        lambda body: body["recommended_products"][0]["id"],
    ),
    "a product moves to another category": (
        lambda user: _saved(first(user), category=Category.objects.create(name="Home")),
        lambda body: [(product["id"], product["category"]) for product in body["recommended_products"]],
    ),
    "a category is renamed": (
        lambda user: Category.objects.filter(name="Audio").update(name="Sound", updated_at=OLD),
        lambda body: body["recommended_products"][0]["category"],
    ),
    "a tag is added": (
        lambda user: first(user).tags.add(Tag.objects.create(name="new")),
        lambda body: body["recommended_products"][0]["tags"],
    ),
    "a tag is taken away": (
        lambda user: first(user).tags.remove(Tag.objects.get(name="loud")),
        lambda body: body["recommended_products"][0]["tags"],
    ),
    "a tag is exchanged for another": (
        lambda user: first(user).tags.set([Tag.objects.get(name="loud"), Tag.objects.create(name="new")]),
        lambda body: body["recommended_products"][0]["tags"],
    ),
    "a tag is renamed": (
        lambda user: Tag.objects.filter(name="loud").update(name="very loud", updated_at=OLD),
        lambda body: body["recommended_products"][0]["tags"],
    ),
    "the user is renamed": (
        lambda user: User.objects.filter(id=user.id).update(name="Alicia"),
        lambda body: body["user_name"],
    ),
    "an interaction": (
        lambda user: InteractionFactory(user=user, product=first(user)),
        ids,
    ),
    "a back-dated interaction": (
        lambda user: InteractionFactory(user=user, product=first(user), occurred_at=OLD),
        ids,
    ),
    "a dismissal": (
        lambda user: InteractionFactory(user=user, product=first(user), action_type="dismiss"),
        ids,
    ),
    "all interactions are deleted": (
        lambda user: Interaction.objects.filter(user=user).delete(),
        lambda body: body["user_behavior_summary"],
    ),
    "a new list": (
        lambda user: (generate(user), StoredList.objects.update(summary="Generated anew.")),
        lambda body: body["user_behavior_summary"],
    ),
    "the list is deleted": (
        lambda user: (
            Category.objects.filter(name="Audio").update(name="Sound"),
            user.stored_lists.all().delete(),
        ),
        lambda body: body["recommended_products"][0]["reasons"],
    ),
    "the default strategy": (
        lambda user: registry.set_default("popular", at=timezone.now()),
        lambda body: body["strategy"],
    ),
}
