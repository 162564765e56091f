"""Users of the shop, who get recommendations. Accounts that log in are `access.Account`."""

from typing import ClassVar

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models

from catalog.models.fields import CleanCharField, TracedQuerySet, external_id_field, external_id_fits_urls
from core.text import MAX_LENGTH, validate_line


class User(models.Model):
    external_id = external_id_field("user")
    name = CleanCharField(
        max_length=MAX_LENGTH,
        blank=True,
        default="",
        validators=[validate_line],
        help_text="The name used to address the person.",
    )
    account = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        related_name="shopper",
        null=True,
        blank=True,
        help_text="The account that the person logs in with. Empty: the person has no account.",
    )
    history_version = models.BigIntegerField(
        default=0,
        editable=False,
        help_text="Grows with each change of the user's interactions; the database maintains it.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar = TracedQuerySet.as_manager()

    class Meta:
        constraints = [external_id_fits_urls("user")]

    def __str__(self) -> str:
        return self.name or self.external_id or f"User {self.pk}"

    def clean(self) -> None:
        """Raise ValidationError if the external id is that of a user that was merged."""
        former = apps.get_model("catalog.FormerUser")._default_manager.filter(external_id=self.external_id)
        if self.external_id and (row := former.first()):
            message = f"This ID leads to user {row.user_id}: its user was merged."
            raise ValidationError({"external_id": message})
