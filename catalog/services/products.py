"""Writes products: staff give the category and the tags by name."""

from typing import Unpack

from django.db import transaction

from catalog.columns import ProductFields
from catalog.errors import InUse
from catalog.models import Product
from catalog.services.names import category_named, tags_named


class ProductValues(ProductFields, total=False):
    """What may be said of a product; what is left out stays as it is, or takes the table's default."""

    external_id: str | None
    is_active: bool


@transaction.atomic
def create_product(**values: Unpack[ProductValues]) -> Product:
    """Return the product, which is stored now. Raises IntegrityError when its external id is taken."""
    return _write(Product(), values, new=True)


@transaction.atomic
def change_product(*, product: Product, **values: Unpack[ProductValues]) -> Product:
    """Return the product, changed in the values given, and in `updated_at` whichever they are.

    Raises IntegrityError when its external id is taken.
    """
    return _write(product, values, new=False)


@transaction.atomic
def delete_product(*, product: Product) -> None:
    """The product is gone. Raises InUse when there are interactions with it."""
    if product.interactions.exists():
        raise InUse(
            f"Product {product.pk} has interactions and cannot be deleted; "
            f'deactivate it instead, with PATCH {{"is_active": false}}.'
        )
    product.delete()


def _write(product: Product, values: ProductValues, *, new: bool) -> Product:
    fields = [name for name in values if name != "tags"]
    for name in fields:
        value = category_named(values["category"]) if name == "category" else values[name]  # type: ignore[literal-required]
        setattr(product, name, value)
    # Only what was said is written, so that two people may change different fields at once.
    product.save(update_fields=None if new else [*fields, "updated_at"])
    if "tags" in values:
        product.tags.set(tags_named(values["tags"]))
    return product
