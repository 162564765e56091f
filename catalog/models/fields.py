"""Shared fields, constraints and querysets of the models."""

from typing import Any, TypeVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.text import MAX_LENGTH, MAX_URL_LENGTH, validate_external_id, validate_line, validate_url


def name_field(**kwargs: Any) -> "models.CharField[str, str]":
    """Return a field for a one-line name of 1 to 255 characters."""
    return models.CharField(max_length=MAX_LENGTH, validators=[validate_line], **kwargs)


def url_field(verbose_name: str, help_text: str) -> "models.CharField[str, str]":
    """Return a field for an http or https URL, which may be empty."""
    return models.CharField(
        verbose_name,
        max_length=MAX_URL_LENGTH,
        blank=True,
        default="",
        validators=[validate_url],
        help_text=help_text,
    )


def external_id_field(what: str) -> "models.CharField[str | None, str | None]":
    """Return a field for the key that the shop's own systems use for the row."""
    return models.CharField(
        "external ID",
        max_length=MAX_LENGTH,
        unique=True,
        null=True,
        blank=True,
        validators=[validate_external_id],
        help_text=f"The shop's own key of the {what}; in the API, ext:&lt;key&gt;.",
    )


def name_given(table: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        name=f"{table}_name_given", condition=~Q(name=""), violation_error_message="Enter a name."
    )


def external_id_fits_urls(table: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        name=f"{table}_external_id_fits_urls",
        condition=Q(external_id__isnull=True) | (~Q(external_id="") & ~Q(external_id__contains="/")),
        violation_error_message="An external ID must not be empty or contain a slash.",
    )


M = TypeVar("M", bound=models.Model)


class TracedQuerySet(models.QuerySet[M]):
    """Queryset whose update() also sets `updated_at`."""

    def update(self, **kwargs: Any) -> int:
        return super().update(**{"updated_at": timezone.now(), **kwargs})
