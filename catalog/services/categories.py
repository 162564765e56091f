"""Creating, changing and deleting categories."""

from django.db import transaction

from catalog.errors import InUse
from catalog.models import Category


def create_category(*, name: str) -> Category:
    """Create and return the category. Raises IntegrityError when the name is taken."""
    category: Category = Category.objects.create(name=name)
    return category


def change_category(*, category: Category, name: str | None = None) -> Category:
    """Rename the category if a name is given, and return it. Raises IntegrityError when the name is taken."""
    if name is not None:
        category.name = name
        category.save(update_fields=["name", "updated_at"])
    return category


@transaction.atomic
def delete_category(*, category: Category) -> None:
    """Delete the category. Raises InUse when it has products, active or inactive."""
    if category.products.exists():
        raise InUse(
            f"Category {category.name!r} has products (active or inactive) and cannot be deleted; "
            f"move them to another category first."
        )
    category.delete()
