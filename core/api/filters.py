"""Filters that refuse what is given and empty; Django's own take that for not given."""

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


class OneOf(ChoiceFilter):
    """One of the choices, in their own words."""

    field_class = _Chosen


class Amount(NumberFilter):
    """A number that a price can be, by its digits alone."""

    field_class = _Number

    def get_max_validator(self) -> None:
        """Return no limit: the digits are one, and two would say the same thing twice."""
