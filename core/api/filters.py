"""Filters that reject an empty value; django-filter treats it as if the parameter were not given."""

from typing import Any

from django import forms
from django_filters.fields import ChoiceField
from django_filters.rest_framework import ChoiceFilter, NumberFilter


class _Chosen(ChoiceField):
    def clean(self, value: Any) -> Any:
        if value == "":
            raise forms.ValidationError(self.error_messages["invalid_choice"], code="invalid_choice")
        return super().clean(value)


class _Number(forms.DecimalField):
    def clean(self, value: Any) -> Any:
        if value == "":
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return super().clean(value)


class StrictChoiceFilter(ChoiceFilter):
    """Filter whose value must be one of the choices, spelled exactly."""

    field_class = _Chosen


class StrictNumberFilter(NumberFilter):
    """Filter by a decimal number, limited by its number of digits."""

    field_class = _Number

    def get_max_validator(self) -> None:
        """Return no validator: `max_digits` limits the value, and a second limit would report it twice."""
