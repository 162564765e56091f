"""Writes categories."""

from django.db import transaction

from catalog.errors import InUse
from catalog.models import Category


def create_category(*, name: str) -> Category:
    """Return the category, which is stored now. Raises IntegrityError when the name is taken."""
    category: Category = Category.objects.create(name=name)
    return category


def change_category(*, category: Category, name: str | None = None) -> Category:
    """Return the category under its new name, if one is given. Raises IntegrityError when it is taken."""
    if name is not None:
        category.name = name
        category.save(update_fields=["name", "updated_at"])
    return category


@transaction.atomic
def delete_category(*, category: Category) -> None:
    """The category is gone. Raises InUse when products, active or not, are in it."""
    if category.products.exists():
        raise InUse(
            f"Category {category.name!r} holds products, active or not, and cannot be deleted; "
            f"move them to another category first."
        )
    category.delete()
