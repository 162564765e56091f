"""Interaction admin; its filters and its search only run queries that an index serves."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString

from catalog.models import Interaction, Product, User
from catalog.services import correction
from catalog.services.events import EARLIEST, LEEWAY
from core.admin import links
from core.admin.base import BaseModelAdmin
from core.admin.completion import LabelledAutocompleteSelect, LabelledChoiceField
from core.admin.filters import DateRangeFilter, RelatedFilter
from core.admin.paging import BoundedPaginator
from core.admin.search import find_ids


class UserFilter(RelatedFilter):
    field_name = "user"
    most_links = 0


class ProductFilter(RelatedFilter):
    field_name = "product"
    most_links = 0


class InteractionForm(forms.ModelForm):  # type: ignore[type-arg]
    """Interaction form that accepts the same range of times as the API."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "occurred_at" in self.fields:
            self.fields["occurred_at"].show_hidden_initial = False

    def clean_occurred_at(self) -> datetime:
        moment: datetime = self.cleaned_data["occurred_at"]
        if not EARLIEST <= moment <= timezone.now() + LEEWAY:
            raise forms.ValidationError(
                "Must be between 1970 and one day from now; a later event would always be the newest one."
            )
        return moment


@admin.register(Interaction)
class InteractionAdmin(BaseModelAdmin[Interaction]):
    list_display = ("occurred_at", "action_type", "user_link", "product_link")
    list_display_links = ("occurred_at",)
    list_select_related = ("user", "product")
    list_filter = ("action_type", ("occurred_at", DateRangeFilter), UserFilter, ProductFilter)
    # Django shows the search box only if this is set; `get_search_results` does the search.
    search_fields = ("user__external_id", "product__external_id")
    search_help_text = (
        "The full ID, external ID or name of a user or product. To find part of a name, use the filters."
    )
    ordering = ("-occurred_at", "-id")
    sortable_by = ("occurred_at",)
    paginator = BoundedPaginator
    autocomplete_fields = ("user", "product")
    form = InteractionForm
    fields = ("user", "product", "action_type", "occurred_at")
    stored_fields = ("event_key", "created_at")
    readonly_fields = stored_fields

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs["widget"] = LabelledAutocompleteSelect(db_field, self.admin_site)
        kwargs["form_class"] = LabelledChoiceField
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Interaction | None = None) -> Any:
        return self.fields if obj is None else (*self.fields, *self.stored_fields)

    @admin.display(description="user")
    def user_link(self, interaction: Interaction) -> SafeString:
        return links.row_link(interaction.user)

    @admin.display(description="product")
    def product_link(self, interaction: Interaction) -> SafeString:
        return links.row_link(interaction.product)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Interaction], search_term: str
    ) -> tuple[QuerySet[Interaction], bool]:
        """Return the events of the users and products that match the term, at most 500 of each.

        Two queries find the users and products; a join would read every event.
        """
        term = search_term.strip()
        if not term:
            return queryset, False
        users = find_ids(User, term)
        products = find_ids(Product, term)
        if users and products:
            return queryset.filter(Q(user__in=users) | Q(product__in=products)), False
        if users:
            return queryset.filter(user__in=users), False
        return queryset.filter(product__in=products), False

    def save_model(self, request: HttpRequest, obj: Interaction, form: Any, change: bool) -> None:
        if change and form.has_changed():
            correction.replace_interaction(interaction=obj)
        elif not change:
            super().save_model(request, obj, form, change)

    def response_change(self, request: HttpRequest, obj: Interaction) -> HttpResponse:
        # "Save and continue" shows the row that replaced the corrected one.
        request.path = links.row_url(obj)
        return super().response_change(request, obj)
