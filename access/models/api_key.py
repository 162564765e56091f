"""API keys of other servers. Only a key's digest is stored."""

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from access.scopes import Scope


def validate_scopes(text: str) -> None:
    """Raise ValidationError unless the text is one scope or more, separated by spaces."""
    names = text.split(" ")
    if unknown := [name for name in names if name not in set(Scope)]:
        raise ValidationError(f"Unknown scope {unknown[0][:80]!r}. The scopes are {', '.join(Scope)}.")


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def alive(self, now: datetime) -> "ApiKeyQuerySet":
        """Return the keys that are neither revoked nor expired."""
        return self.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now), revoked_at__isnull=True)


class ApiKey(models.Model):
    name = models.CharField(max_length=100, help_text="The owner and purpose of the key.")
    prefix = models.CharField(
        max_length=16, unique=True, help_text="The start of the key, which identifies it."
    )
    first_prefix = models.CharField(
        max_length=16,
        blank=True,
        default="",
        help_text="The prefix of the key that this one replaces after one rotation or more.",
    )
    digest = models.CharField(max_length=64)
    scopes = models.CharField(max_length=200, validators=[validate_scopes], help_text="What the key may do.")
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Leave empty for no expiry.")
    last_used_at = models.DateTimeField(null=True, blank=True, help_text="Accurate to the minute.")
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

    @property
    def client(self) -> str:
        """The prefix of the client's first key, which a rotation does not change."""
        return self.first_prefix or self.prefix

    def state(self, now: datetime) -> str:
        """Return "alive", "revoked" or "expired"."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "alive"
