"""Input checks of all admin pages: search length, filter values, and control characters in text fields."""

import re
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import SEARCH_VAR, ChangeList, ChangeListSearchForm
from django.core.validators import MaxLengthValidator
from django.db.models import CharField, Field, QuerySet
from django.http import HttpRequest

from core.text import ONE_LINE

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[Any]
else:
    _Admin = object

MAX_SEARCH_LENGTH = 255  # no name is longer, and databases reject very long patterns
# A number of 19 digits may not fit into a 64-bit key, and PostgreSQL rejects text with a NUL character.
_INVALID_VALUE = re.compile("[0-9]{19}|[\x00-\x1f]")


class BoundedSearchForm(ChangeListSearchForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields[SEARCH_VAR] = forms.CharField(
            required=False, strip=False, max_length=MAX_SEARCH_LENGTH, validators=[ONE_LINE]
        )


class StrictChangeList(ChangeList):
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
        return super().get_queryset(request, *args, **kwargs)


class StrictAdmin(_Admin):
    """Mixin for model admins that rejects unusable input; list it before the model admin class."""

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return StrictChangeList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Return the rows found; none if the term is too long or holds a NUL, which autocomplete allows."""
        if len(search_term) > MAX_SEARCH_LENGTH or "\0" in search_term:
            return queryset.none(), False
        return super().get_search_results(request, queryset, search_term)

    def formfield_for_dbfield(self, db_field: "Field[Any, Any]", request: HttpRequest, **kwargs: Any) -> Any:
        """Return the form field; a text field whose model has no own validator rejects control characters."""
        found = super().formfield_for_dbfield(db_field, request, **kwargs)
        has_rule = any(not isinstance(rule, MaxLengthValidator) for rule in db_field.validators)
        if isinstance(db_field, CharField) and isinstance(found, forms.CharField) and not has_rule:
            found.validators.append(ONE_LINE)
        return found
