"""Writes the shop's users."""

from typing import TypedDict, Unpack

from django.db import transaction

from catalog.models import User


class ShopperValues(TypedDict, total=False):
    """What may be said of a shopper; what is left out stays as it is."""

    external_id: str | None
    name: str


def create_shopper(**values: Unpack[ShopperValues]) -> User:
    """Return the shopper, stored now. Raises IntegrityError for a taken external id."""
    shopper: User = User.objects.create(**values)
    return shopper


def change_shopper(*, shopper: User, **values: Unpack[ShopperValues]) -> User:
    """Return the shopper, changed in the values given. Raises IntegrityError for a taken external id."""
    for field, value in values.items():
        setattr(shopper, field, value)
    if values:
        shopper.save(update_fields=[*values, "updated_at"])
    return shopper


@transaction.atomic
def delete_shopper(*, shopper: User) -> None:
    """The shopper is gone, and so is everything they ever did."""
    shopper.delete()
