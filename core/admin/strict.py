"""Input checks of all admin pages: parameters of lists, search terms, selected rows, and values of forms."""

import re
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.contrib.admin.filters import FieldListFilter
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import get_fields_from_path
from django.contrib.admin.views.main import ORDER_VAR, SEARCH_VAR, ChangeList, ChangeListSearchForm
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.core.validators import MaxLengthValidator
from django.db.models import CharField, DateTimeField, Field, QuerySet
from django.http import HttpRequest

from core.admin.completion import (
    StrictAutocompleteSelect,
    StrictAutocompleteSelectMultiple,
    StrictMultipleChoiceField,
    is_key,
)
from core.admin.editing import ChangedFieldsAdmin
from core.admin.moments import MomentField, MomentWidget
from core.text import ONE_LINE

MAX_SEARCH_LENGTH = 255  # no name is longer, and databases reject very long patterns
# A number of 19 digits may not fit into a 64-bit key. No database stores lone surrogates, and PostgreSQL
# rejects text with a NUL character.
_INVALID_VALUE = re.compile("[0-9]{19}|[\x00-\x1f\ud800-\udfff]")
_INVALID_TERM = re.compile("[\x00\ud800-\udfff]")
# In the years between, no time zone takes a moment out of the range of `datetime`.
YEARS = range(2, 9_999)


def _validate_year(moment: datetime) -> None:
    if moment.year not in YEARS:
        raise ValidationError(f"The year must be between {YEARS[0]} and {YEARS[-1]}.", code="year")


class BoundedSearchForm(ChangeListSearchForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields[SEARCH_VAR] = forms.CharField(
            required=False, strip=False, max_length=MAX_SEARCH_LENGTH, validators=[ONE_LINE]
        )


class StrictChangeList(ChangeList):
    """Change list that takes the parameters of its filters only, and sorts by columns that have a link."""

    search_form_class = BoundedSearchForm

    def get_queryset(self, request: HttpRequest, *args: Any, **kwargs: Any) -> QuerySet[Any]:
        """Return the rows. Raises IncorrectLookupParameters for a filter value that no database accepts.

        Django answers that with a redirect to the list. The search form checks the search term itself.
        """
        values_given = [
            value for name, values in self.filter_params.items() if name != SEARCH_VAR for value in values
        ]
        if any(map(_INVALID_VALUE.search, values_given)):
            raise IncorrectLookupParameters
        self.params[ORDER_VAR] = self._sortable(self.params.get(ORDER_VAR, ""))
        return super().get_queryset(request, *args, **kwargs)

    def get_filters(self, request: HttpRequest) -> Any:
        """Return the filters. Raises IncorrectLookupParameters for a parameter that none of them takes."""
        own: Any = self.model_admin
        if not self.get_filters_params().keys() <= own.filter_parameters(request):
            raise IncorrectLookupParameters
        return super().get_filters(request)

    def _sortable(self, order: str) -> str:
        """Return the columns that the list may be sorted by, each once, in Django's format: "2.-1"."""
        kept: dict[int, str] = {}
        sortable = self.sortable_by or ()
        for part in order.split("."):
            minus, digits = part[:1] == "-", part.removeprefix("-")
            if not (digits.isdecimal() and len(digits) < 4 and int(digits) < len(self.list_display)):
                continue
            if self.list_display[int(digits)] in sortable:
                kept.setdefault(int(digits), f"{'-' if minus else ''}{int(digits)}")
        return ".".join(kept.values())


class StrictAdmin(ChangedFieldsAdmin):
    """Mixin for model admins that rejects unusable input; list it before the model admin class."""

    formfield_overrides: ClassVar[Any] = {DateTimeField: {"form_class": MomentField, "widget": MomentWidget}}

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return StrictChangeList

    def filter_parameters(self, request: HttpRequest) -> set[str]:
        """Return the names of the query parameters that the list's filters take. No query."""
        names: set[str | None] = set()
        entry: Any
        for entry in self.get_list_filter(request):
            if isinstance(entry, type):
                spec = entry(request, {}, self.model, self)
            else:
                path, make = entry if isinstance(entry, (list, tuple)) else (entry, FieldListFilter.create)
                field = get_fields_from_path(self.model, path)[-1]
                spec = make(field, request, {}, self.model, self, field_path=path)
            names.update(spec.expected_parameters())
        return {name for name in names if name is not None}

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Return whether a filter takes the parameter; Django would allow every lookup of the model."""
        return request is not None and lookup in self.filter_parameters(request)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Return the rows found; none if the term is too long or no database accepts it.

        The search form of a list checks its term, but autocomplete fields have no form.
        """
        if len(search_term) > MAX_SEARCH_LENGTH or _INVALID_TERM.search(search_term):
            return queryset.none(), False
        return self.search(request, queryset, search_term)

    def search(self, request: HttpRequest, queryset: QuerySet[Any], term: str) -> tuple[QuerySet[Any], bool]:
        """Return the rows found by a term that is no longer than a name, and whether they may repeat."""
        return super().get_search_results(request, queryset, term)

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any], *args: Any) -> Any:
        """Run the action, or report an error if a selected row is no key."""
        selected = request.POST.getlist(ACTION_CHECKBOX_NAME)
        if all(is_key(self.model, key) for key in selected):
            return super().response_action(request, queryset, *args)
        self.message_user(request, "Nothing was done: a selected row has no valid ID.", messages.ERROR)
        return None

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Return the values of the query for the fields of a new row, without those that do not fit."""
        initial: dict[str, Any] = {}
        field: Any
        for name, value in super().get_changeform_initial_data(request).items():
            try:
                field = self.opts.get_field(name)
                if field.many_to_many:
                    initial[name] = [key for key in value if is_key(field.related_model, key)]
                elif field.concrete:
                    found = field.to_python(value)
                    if isinstance(found, datetime):
                        _validate_year(found)
                    initial[name] = found
            except (FieldDoesNotExist, ValidationError):
                continue
        return initial

    def formfield_for_dbfield(self, db_field: "Field[Any, Any]", request: HttpRequest, **kwargs: Any) -> Any:
        """Return the form field, which rejects values that no database accepts.

        A text field whose model has no own validator rejects control characters.
        """
        found = super().formfield_for_dbfield(db_field, request, **kwargs)
        has_rule = any(not isinstance(rule, MaxLengthValidator) for rule in db_field.validators)
        if isinstance(db_field, CharField) and isinstance(found, forms.CharField) and not has_rule:
            found.validators.append(ONE_LINE)
        if isinstance(found, forms.DateTimeField | MomentField):
            found.validators.append(_validate_year)
        return found

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", StrictAutocompleteSelect(db_field, self.admin_site))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(self, db_field: Any, request: Any = None, **kwargs: Any) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", StrictAutocompleteSelectMultiple(db_field, self.admin_site))
        kwargs.setdefault("form_class", StrictMultipleChoiceField)
        return super().formfield_for_manytomany(db_field, request, **kwargs)
