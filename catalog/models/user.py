"""A person: a shopper whom the shop reports, or a member of staff who may log in."""

import uuid
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models

from catalog.models.fields import external_id_field, external_id_fits_urls
from core.text import MAX_LENGTH, validate_line


def shopper_username() -> str:
    """Return a username nobody has: shoppers are known by id or external_id, and cannot log in."""
    return f"shopper-{uuid.uuid4().hex}"


class UserQuerySet(models.QuerySet["User"]):
    def shoppers(self) -> "UserQuerySet":
        """Return the people who shop: nobody with access to the admin."""
        return self.filter(is_staff=False, is_superuser=False)


class ShopUserManager(UserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    """Django's own manager, whose querysets know who shops."""

    use_in_migrations = False


class User(AbstractUser):
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    username = models.CharField(
        max_length=150,
        unique=True,
        default=shopper_username,
        validators=[AbstractUser.username_validator],
        help_text="What staff log in with. Shoppers keep the one that was made for them.",
        error_messages={"unique": "Somebody has this username already."},
    )
    name = models.CharField(
        max_length=MAX_LENGTH,
        blank=True,
        default="",
        validators=[validate_line],
        help_text="How the person is addressed.",
    )
    external_id = external_id_field("user")

    objects: ClassVar[ShopUserManager] = ShopUserManager()

    class Meta(AbstractUser.Meta):
        constraints = [external_id_fits_urls("user")]

    def __str__(self) -> str:
        return self.name or self.username

    def get_full_name(self) -> str:
        return str(self)

    def get_short_name(self) -> str:
        return str(self)

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self.password:
            self.set_unusable_password()
        super().save(*args, **kwargs)
