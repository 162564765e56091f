"""Creating, changing and deleting categories."""

from typing import TypedDict, Unpack

from django.db import transaction

from catalog.errors import InUse
from catalog.models import Category


class CategoryValues(TypedDict, total=False):
    """Values of a category; a missing one is not changed."""

    name: str
    parent: Category | None


def create_category(**values: Unpack[CategoryValues]) -> Category:
    """Create and return the category. Raises IntegrityError when its path is taken."""
    category: Category = Category.objects.create(**values)
    return category


def change_category(*, category: Category, **values: Unpack[CategoryValues]) -> Category:
    """Set the given values and return the category. The paths of those below it follow.

    Raises IntegrityError when its path is taken, or it would be below itself.
    """
    for name, value in values.items():
        setattr(category, name, value)
    if values:
        category.save(update_fields=[*values, "updated_at"])
    return category


@transaction.atomic
def delete_category(*, category: Category) -> None:
    """Delete the category. Raises InUse when it has products, active or inactive, or categories below it."""
    if category.products.exists():
        raise InUse(
            f"Category {category.path!r} has products (active or inactive) and cannot be deleted; "
            f"move them to another category first."
        )
    if category.children.exists():
        raise InUse(
            f"Category {category.path!r} has categories below it and cannot be deleted; "
            f"move them below another category first."
        )
    category.delete()
