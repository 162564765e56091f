"""Shoppers and staff in the admin; who may give access to it is decided here."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import URLPattern, path
from django.utils.safestring import SafeString

from catalog.admin.history import HistoryInline
from catalog.admin.user_form import UserAddForm
from catalog.models import Interaction, User
from core.admin import links
from core.admin.base import BaseModelAdmin
from core.admin.completion import ADDRESS, LabelledAnswer
from core.admin.filters import DateRangeFilter
from core.admin.typed import AccountAdmin

GRANTS = ("is_staff", "is_superuser", "groups", "user_permissions")


@admin.register(User)
class UserAdmin(BaseModelAdmin[User], AccountAdmin):
    list_display = ("name_or_login", "external_id", "login", "n_interactions", "is_staff", "is_active")
    list_filter = ("is_staff", "is_active", ("date_joined", DateRangeFilter))
    # Whole usernames, as a part of what was made for a shopper would match at random.
    search_fields = ("name", "=external_id", "=username", "=email", "id__exact")
    search_help_text = "A part of the name, or the whole external ID, username, e-mail address or ID."
    ordering = ("name", "id")
    sortable_by = ("name_or_login", "external_id")
    page_counts = {"n_interactions": "interactions"}
    fieldsets = (
        (None, {"fields": ("name", "external_id", "email")}),
        (
            "Logging in",
            {"fields": ("username", "password"), "description": "For staff; shoppers never log in here."},
        ),
        ("Permissions", {"fields": ("is_active", *GRANTS)}),
        ("Important dates", {"fields": ("last_login", "date_joined")}),
    )
    filter_horizontal = ("user_permissions",)
    autocomplete_fields = ("groups",)
    readonly_fields = ("last_login", "date_joined")
    add_form = UserAddForm
    add_form_template = "admin/catalog/user/add_form.html"
    add_fieldsets = (
        (None, {"fields": ("name", "external_id")}),
        ("Logging in", {"fields": ("username", "usable_password", "password1", "password2")}),
    )
    inlines = (HistoryInline,)

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or _has_access(obj):
            return fieldsets
        # A shopper's page is about the shopper: what only concerns staff is folded.
        return [fieldsets[0], *((title, {**what, "classes": ("collapse",)}) for title, what in fieldsets[1:])]

    def get_urls(self) -> list[URLPattern]:
        answer = self.admin_site.admin_view(LabelledAnswer.as_view(admin_site=self.admin_site))
        return [path("complete/", answer, name=ADDRESS), *super().get_urls()]

    def get_inlines(self, request: HttpRequest, obj: User | None) -> Any:
        return () if obj is None else self.inlines

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        return (*self.readonly_fields, *(() if _is_superuser(request) else GRANTS))

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Whether the row may be changed: whoever could set a password of staff would have their rights."""
        return super().has_change_permission(request, obj) and _may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and _may_touch(request, obj)

    @admin.display(description="name", ordering="name")
    def name_or_login(self, user: User) -> str:
        return str(user)

    @admin.display(description="username", empty_value="–")
    def login(self, user: User) -> str | None:
        return user.username if _has_access(user) else None

    @admin.display(description="interactions")
    def n_interactions(self, user: Any) -> SafeString:
        return links.counted(Interaction, user.n_interactions, user=user.pk)


def _is_superuser(request: HttpRequest) -> bool:
    return isinstance(request.user, User) and request.user.is_superuser


def _has_access(user: User) -> bool:
    return user.is_staff or user.is_superuser


def _may_touch(request: HttpRequest, user: User | None) -> bool:
    return _is_superuser(request) or user is None or not _has_access(user)
