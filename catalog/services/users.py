"""Creating, changing and deleting the shop's users."""

from typing import TypedDict, Unpack

from django.db import transaction

from catalog.models import User


class ShopperValues(TypedDict, total=False):
    """Values of a user; a missing one is not changed."""

    external_id: str | None
    name: str


def create_shopper(**values: Unpack[ShopperValues]) -> User:
    """Create and return the user. Raises IntegrityError when the external id is taken."""
    shopper: User = User.objects.create(**values)
    return shopper


def change_shopper(*, shopper: User, **values: Unpack[ShopperValues]) -> User:
    """Set the given values and return the user. Raises IntegrityError when the external id is taken."""
    for field, value in values.items():
        setattr(shopper, field, value)
    if values:
        shopper.save(update_fields=[*values, "updated_at"])
    return shopper


@transaction.atomic
def delete_shopper(*, shopper: User) -> None:
    """Delete the user and all their interactions."""
    shopper.delete()
