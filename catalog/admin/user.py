"""Admin of the shop's users."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import URLPattern, path
from django.utils.safestring import SafeString

from access.models import Account
from catalog.admin.history import HistoryInline
from catalog.admin.user_actions import merge
from catalog.models import Interaction, User
from core.admin import links
from core.admin.base import BaseModelAdmin
from core.admin.completion import URL_NAME, LabelledAutocompleteView
from core.admin.deletion import delete_selected
from core.admin.filters import DateRangeFilter


@admin.register(User)
class UserAdmin(BaseModelAdmin[User]):
    list_display = ("called", "external_id", "n_interactions", "created_at")
    list_filter = (("created_at", DateRangeFilter),)
    search_fields = ("name", "=external_id", "id__exact")
    search_help_text = "Part of the name, or the full external ID or ID."
    ordering = ("name", "id")
    sortable_by = ("called", "external_id")
    page_counts = {"n_interactions": "interactions"}
    fields = ("name", "external_id", "account", "created_at", "updated_at")
    readonly_fields = ("created_at", "updated_at")
    autocomplete_fields = ("account",)
    inlines = (HistoryInline,)
    actions = (merge, delete_selected)

    def get_urls(self) -> list[URLPattern]:
        answer = self.admin_site.admin_view(LabelledAutocompleteView.as_view(admin_site=self.admin_site))
        return [path("complete/", answer, name=URL_NAME), *super().get_urls()]

    def get_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        return ("name", "external_id") if obj is None else self.fields

    def get_inlines(self, request: HttpRequest, obj: User | None) -> Any:
        return () if obj is None else self.inlines

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Return the read-only fields. Only superusers may set `account`: it may read the user's history."""
        is_superuser = isinstance(request.user, Account) and request.user.is_superuser
        return self.readonly_fields if is_superuser else (*self.readonly_fields, "account")

    def has_merge_permission(self, request: HttpRequest) -> bool:
        """Return whether users may be merged, which changes one, deletes one and moves interactions."""
        events = self.admin_site.get_model_admin(Interaction)
        return (
            self.has_change_permission(request)
            and self.has_delete_permission(request)
            and events.has_change_permission(request)
        )

    @admin.display(description="name", ordering="name")
    def called(self, user: User) -> str:
        return str(user)

    @admin.display(description="interactions")
    def n_interactions(self, user: Any) -> SafeString:
        return links.count_link(Interaction, user.n_interactions, user=user.pk)
