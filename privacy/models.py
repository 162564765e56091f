"""Receipts of exports and erasures: when, by which account, and how many rows; not about which person."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class RightsAction(models.TextChoices):
    EXPORTED = "exported"
    ERASED = "erased"


class Receipt(models.Model):
    """Proof of an export or erasure. It does not say which person it was about."""

    action = models.CharField(max_length=16, choices=RightsAction.choices)
    at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Empty for the command line and for deleted accounts.",
    )
    counts = models.JSONField(help_text="Rows by table.")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(action__in=RightsAction.values), name="receipt_action_known")
        ]
        permissions = [
            ("export_user", "Can export everything about a user"),
            ("erase_user", "Can erase a user from everywhere"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.at:%Y-%m-%d %H:%M:%S}, receipt {self.pk}"
