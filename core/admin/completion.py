"""Autocomplete fields of the admin.

They ignore values that are no key, and may show the external ID after the name, since many rows share a name.
"""

from typing import Any

from django.apps import apps
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.admin.widgets import AutocompleteSelect, AutocompleteSelectMultiple
from django.core.exceptions import FieldDoesNotExist, PermissionDenied, ValidationError
from django.db.models import Model
from django.forms import ModelChoiceField, ModelMultipleChoiceField
from django.http import HttpRequest

URL_NAME = "catalog_complete"
_MAX_SHOWN = 80


def is_key(model: type[Model], value: object) -> bool:
    """Return whether the value can be a primary key of the model; databases reject big numbers."""
    key = model._meta.pk
    try:
        key.run_validators(key.to_python(value))
    except ValidationError:
        return False
    return True


def row_label(row: Model) -> str:
    """Return the row's name, followed by its external ID in parentheses if it has one."""
    external_id = getattr(row, "external_id", None)
    return f"{row} ({external_id})" if external_id else str(row)


class StrictAutocompleteView(AutocompleteJsonView):
    """Django's autocomplete view for the fields of models, without the relations that lead back to them."""

    def process_request(self, request: HttpRequest) -> Any:
        app_label, model_name, field_name = (
            request.GET.get(name, "") for name in ("app_label", "model_name", "field_name")
        )
        try:
            field = apps.get_model(app_label, model_name)._meta.get_field(field_name)
        except (LookupError, FieldDoesNotExist) as error:
            raise PermissionDenied from error
        if not hasattr(field, "get_limit_choices_to"):
            raise PermissionDenied
        return super().process_request(request)


class LabelledAutocompleteView(StrictAutocompleteView):
    """Autocomplete view with the labels of `row_label()`."""

    def serialize_result(self, obj: Model, to_field_name: str) -> dict[str, str]:
        return {**super().serialize_result(obj, to_field_name), "text": row_label(obj)}


class _KeysOnly:
    """Mixin for autocomplete widgets that shows no option for a value that is no key."""

    def optgroups(self, name: Any, value: Any, attr: Any = None) -> Any:
        widget: Any = self
        model = widget.field.remote_field.model
        return super().optgroups(name, [key for key in value if is_key(model, key)], attr)  # type: ignore[misc]


class StrictAutocompleteSelect(_KeysOnly, AutocompleteSelect):
    pass


class StrictAutocompleteSelectMultiple(_KeysOnly, AutocompleteSelectMultiple):
    pass


class StrictMultipleChoiceField(ModelMultipleChoiceField):  # type: ignore[type-arg]
    """Field for several rows that refuses a number which is too big, as ModelChoiceField does."""

    def clean(self, value: Any) -> Any:
        rows: Any = self.queryset
        for key in value if isinstance(value, (list, tuple)) else ():
            if not is_key(rows.model, key):
                message = self.error_messages["invalid_pk_value"]
                params = {"pk": str(key)[:_MAX_SHOWN]}
                raise ValidationError(message, code="invalid_pk_value", params=params)
        return super().clean(value)


class LabelledAutocompleteSelect(StrictAutocompleteSelect):
    url_name = f"%s:{URL_NAME}"


class LabelledChoiceField(ModelChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: Any) -> str:
        return row_label(obj)
