"""Creating, changing and deleting products; category and tags are given by name."""

from typing import Unpack

from django.db import transaction

from catalog.columns import ProductFields
from catalog.errors import InUse
from catalog.models import Product
from catalog.services.names import get_or_create_category, get_or_create_tags


class ProductValues(ProductFields, total=False):
    """Values of a product; a missing one keeps its value, or takes the model's default."""

    external_id: str | None


@transaction.atomic
def create_product(**values: Unpack[ProductValues]) -> Product:
    """Create and return the product. Raises IntegrityError when its external id is taken."""
    return _write(Product(), values, new=True)


@transaction.atomic
def change_product(*, product: Product, **values: Unpack[ProductValues]) -> Product:
    """Set the given values and `updated_at`, and return the product.

    Raises IntegrityError when its external id is taken.
    """
    return _write(product, values, new=False)


@transaction.atomic
def delete_product(*, product: Product) -> None:
    """Delete the product. Raises InUse when it has interactions."""
    if product.interactions.exists():
        raise InUse(
            f"Product {product.pk} has interactions and cannot be deleted; "
            f'deactivate it instead with PATCH {{"is_active": false}}.'
        )
    product.delete()


def _write(product: Product, values: ProductValues, *, new: bool) -> Product:
    fields = [name for name in values if name != "tags"]
    for name in fields:
        value = get_or_create_category(values["category"]) if name == "category" else values[name]  # type: ignore[literal-required]
        setattr(product, name, value)
    # Only the given fields are written, so that two people can change different fields at the same time.
    product.save(update_fields=None if new else [*fields, "updated_at"])
    if "tags" in values:
        product.tags.set(get_or_create_tags(values["tags"]))
    return product
