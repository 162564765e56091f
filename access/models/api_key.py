"""A key with which another server asks: only its digest is stored."""

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from access.scopes import Scope


def validate_scopes(text: str) -> None:
    """Raise ValidationError unless the text names one scope or more, with blanks between."""
    named = text.split(" ")
    if unknown := [name for name in named if name not in set(Scope)]:
        raise ValidationError(f"There is no scope {unknown[0][:80]!r}; there are {', '.join(Scope)}.")


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def alive(self, now: datetime) -> "ApiKeyQuerySet":
        """Return the keys that let somebody in."""
        return self.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now), revoked_at__isnull=True)


class ApiKey(models.Model):
    name = models.CharField(max_length=100, help_text="Whose key this is, and what for.")
    prefix = models.CharField(
        max_length=16, unique=True, help_text="How the key begins, to tell it from others."
    )
    digest = models.CharField(max_length=64)
    scopes = models.CharField(max_length=200, validators=[validate_scopes], help_text="What it may do.")
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    expires_at = models.DateTimeField(null=True, blank=True, help_text="When it ends. Empty: never.")
    last_used_at = models.DateTimeField(null=True, blank=True, help_text="To the minute.")
    revoked_at = models.DateTimeField(null=True, blank=True)
    replaces = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="replacements"
    )

    objects: ClassVar = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = "API key"
        constraints = [
            models.CheckConstraint(name="apikey_has_scopes", condition=~Q(scopes="")),
            models.CheckConstraint(name="apikey_has_digest", condition=~Q(digest="")),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"

    def state(self, now: datetime) -> str:
        """Return "alive", "revoked" or "expired"."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "alive"
