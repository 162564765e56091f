"""Ids of users that were merged into another one."""

from django.db import models

from catalog.models.fields import CleanCharField
from catalog.models.user import User
from core.text import MAX_LENGTH


class FormerUser(models.Model):
    """The number and the external id of a user that was merged; both lead to the other user."""

    id = models.BigIntegerField(primary_key=True)
    external_id = CleanCharField(max_length=MAX_LENGTH, unique=True, null=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="former_ids")
    merged_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.external_id or self.pk}, merged into user {self.user_id}"
