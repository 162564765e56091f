"""Shared fields, constraints and querysets of the models."""

from typing import Any, TypeVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.text import (
    MAX_LENGTH,
    MAX_URL_LENGTH,
    clean,
    validate_external_id,
    validate_line,
    validate_url,
)


class CleanCharField(models.CharField):  # type: ignore[type-arg]
    """One line of text, cleaned (`core.text.clean`) in forms, when it is stored, and when it is looked up."""

    def to_python(self, value: Any) -> Any:
        found = super().to_python(value)
        return clean(found).strip() if isinstance(found, str) else found

    def get_prep_value(self, value: Any) -> Any:
        found = super().get_prep_value(value)
        return clean(found) if isinstance(found, str) else found

    def deconstruct(self) -> Any:
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs  # the column is the same


class CleanTextField(models.TextField):  # type: ignore[type-arg]
    """Text of several lines, cleaned as `CleanCharField` is."""

    def to_python(self, value: Any) -> Any:
        found = super().to_python(value)
        return clean(found) if isinstance(found, str) else found

    def get_prep_value(self, value: Any) -> Any:
        found = super().get_prep_value(value)
        return clean(found) if isinstance(found, str) else found

    def deconstruct(self) -> Any:
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.TextField", args, kwargs


def name_field(**kwargs: Any) -> "models.CharField[str, str]":
    """Return a field for a one-line name of 1 to 255 characters."""
    return CleanCharField(max_length=MAX_LENGTH, validators=[validate_line], **kwargs)


def url_field(verbose_name: str, help_text: str) -> "models.CharField[str, str]":
    """Return a field for an http or https URL, which may be empty."""
    return models.CharField(
        verbose_name,
        max_length=MAX_URL_LENGTH,
        blank=True,
        default="",
        db_default="",
        validators=[validate_url],
        help_text=help_text,
    )


def external_id_field(what: str) -> "models.CharField[str | None, str | None]":
    """Return a field for the key that the shop's own systems use for the row."""
    return CleanCharField(
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
