"""Autocomplete fields that show the external ID after the name, since many rows share a name."""

from typing import Any

from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.admin.widgets import AutocompleteSelect
from django.db.models import Model
from django.forms import ModelChoiceField

URL_NAME = "catalog_complete"


def row_label(row: Model) -> str:
    """Return the row's name, followed by its external ID in parentheses if it has one."""
    external_id = getattr(row, "external_id", None)
    return f"{row} ({external_id})" if external_id else str(row)


class LabelledAutocompleteView(AutocompleteJsonView):
    """Django's autocomplete view, including its permission checks, with the labels of `labelled()`."""

    def serialize_result(self, obj: Model, to_field_name: str) -> dict[str, str]:
        return {**super().serialize_result(obj, to_field_name), "text": row_label(obj)}


class LabelledAutocompleteSelect(AutocompleteSelect):
    url_name = f"%s:{URL_NAME}"


class LabelledChoiceField(ModelChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: Any) -> str:
        return row_label(obj)
