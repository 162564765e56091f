"""Admin filters for large tables: a related row by name, and a date range."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import PAGE_VAR, ChangeList
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import cached_property

from core.admin.completion import LabelledAutocompleteSelect, LabelledChoiceField
from core.admin.strict import YEARS
from core.admin.typed import ModelAdmin

# Query value that selects the rows without a related row.
NONE = "none"


def _hidden_fields(changelist: ChangeList, own: list[str | None]) -> list[tuple[str, str]]:
    """Return the hidden fields of a filter's form: every query parameter except its own and the page."""
    return [
        (name, value)
        for name, values in changelist.filter_params.items()
        if name not in own and name != PAGE_VAR
        for value in values
    ]


class RelatedFilter(admin.ListFilter):
    """Filter by one related row: a link per row, or an autocomplete field when there are many."""

    template = "admin/core/related_filter.html"
    field_name = ""
    # The most rows shown as links; 0 always shows the autocomplete field.
    most_links = 20

    def __init__(
        self,
        request: HttpRequest,
        params: dict[str, list[str]],
        model: type[Model],
        model_admin: ModelAdmin[Any],
    ) -> None:
        self.field = self.field_of(model)
        self.title = self.field.related_model._meta.verbose_name
        super().__init__(request, params, model, model_admin)
        self.selected = params.pop(self.field_name, [""])[-1]
        # A number of 19 digits may not fit into a 64-bit key.
        if not (self.selected in ("", NONE) or (self.selected.isdecimal() and len(self.selected) < 19)):
            raise IncorrectLookupParameters
        self.used_parameters = {self.field_name: self.selected} if self.selected else {}
        self.hidden_fields: list[tuple[str, str]] = []
        self._site = model_admin.admin_site

    @classmethod
    def field_of(cls, model: type[Model]) -> Any:
        return model._meta.get_field(cls.field_name)

    @cached_property
    def _first_rows(self) -> list[Any]:
        rows = self.field.related_model._default_manager.order_by("name")
        return list(rows[: self.most_links + 1]) if self.most_links else []

    @property
    def links(self) -> list[Any]:
        """The rows to show as links, empty if there are too many. 1 query."""
        return self._first_rows if len(self._first_rows) <= self.most_links else []

    @cached_property
    def form(self) -> forms.Form | None:
        """The form with the autocomplete field, None if the rows are shown as links."""
        if self.most_links and len(self._first_rows) <= self.most_links:
            return None
        rows = self.field.related_model._default_manager.all()
        selected = "" if self.selected == NONE else self.selected
        form = forms.Form({self.field_name: selected}, auto_id="filter_%s")
        form.fields[self.field_name] = LabelledChoiceField(
            rows,
            required=False,
            widget=LabelledAutocompleteSelect(
                self.field,
                self._site,
                attrs={"data-width": "100%", "aria-label": f"Name of the {self.title}"},
            ),
        )
        return form

    @property
    def _is_optional(self) -> bool:
        return self.field.null or self.field.many_to_many

    def has_output(self) -> bool:
        return self.form is not None or bool(self.links)

    def expected_parameters(self) -> list[str | None]:
        return [self.field_name]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.selected:
            return queryset
        if self.selected == NONE:
            return queryset.filter(**{f"{self.field_name}__isnull": True})
        return queryset.filter(**{self.field_name: int(self.selected)})

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        self.hidden_fields = _hidden_fields(changelist, self.expected_parameters())
        offered = [("", "All")] + [(str(row.pk), str(row)) for row in self.links]
        if self._is_optional:
            offered.append((NONE, f"No {self.title}"))
        for value, text in offered:
            yield {
                "selected": self.selected == value,
                "query_string": changelist.get_query_string({self.field_name: value or None}),
                "display": text,
            }


class DateRangeFilter(admin.FieldListFilter):
    """Filter by a range of days, both included, in the server's time zone, with links to common ranges."""

    template = "admin/core/date_range_filter.html"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        path = kwargs["field_path"]
        self.first_name, self.last_name = f"{path}_from", f"{path}_to"
        super().__init__(*args, **kwargs)
        self.first, self.last = (self._value_of(name) for name in (self.first_name, self.last_name))
        self.hidden_fields: list[tuple[str, str]] = []

    def _value_of(self, name: str) -> str:
        values: Any = self.used_parameters.get(name) or [""]
        return str(values[-1])

    def expected_parameters(self) -> list[str | None]:
        return [self.first_name, self.last_name]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted: dict[str, datetime] = {}
        try:
            if self.first:
                wanted[f"{self.field_path}__gte"] = _midnight(date.fromisoformat(self.first))
            if self.last:
                next_day = date.fromisoformat(self.last) + timedelta(days=1)
                wanted[f"{self.field_path}__lt"] = _midnight(next_day)
            if any(moment.year not in YEARS for moment in wanted.values()):
                raise IncorrectLookupParameters
        except (ValueError, OverflowError) as error:
            raise IncorrectLookupParameters from error
        return queryset.filter(**wanted)

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        self.hidden_fields = _hidden_fields(changelist, self.expected_parameters())
        today = timezone.localdate()
        usual: Mapping[str, tuple[str, str]] = {
            "Any date": ("", ""),
            "Today": (str(today), str(today)),
            "Past 7 days": (str(today - timedelta(days=6)), str(today)),
            "Past 30 days": (str(today - timedelta(days=29)), str(today)),
        }
        for text, (first, last) in usual.items():
            params = {self.first_name: first or None, self.last_name: last or None}
            yield {
                "selected": (self.first, self.last) == (first, last),
                "query_string": changelist.get_query_string(params),
                "display": text,
            }


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
