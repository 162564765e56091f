"""Accounts and groups in the admin, and who may grant access to it."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as PlainGroupAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm
from django.contrib.auth.models import Group
from django.http import HttpRequest

from access.models import Account
from core.admin.base import BaseModelAdmin
from core.admin.filters import DateRangeFilter
from core.admin.strict import StrictAdmin
from core.admin.typed import UserAdmin

GRANTS = ("is_staff", "is_superuser", "groups", "user_permissions")

admin.site.unregister(Group)


class ChangePasswordForm(AdminPasswordChangeForm):  # type: ignore[type-arg]
    """Form that writes the password, and no other field of the account."""

    def save(self, commit: bool = True) -> Any:
        account = super().save(commit=False)
        if commit:
            account.save(update_fields=["password"])
        return account


@admin.register(Account)
class AccountAdmin(BaseModelAdmin[Account], UserAdmin):
    list_display = ("username", "email", "first_name", "last_name", "is_staff", "is_active", "last_login")
    list_filter = ("is_staff", "is_active", ("date_joined", DateRangeFilter))
    search_fields = ("username", "first_name", "last_name", "=email", "id__exact")
    search_help_text = "Part of the username or name, or the complete email address or ID."
    sortable_by = ("username", "last_login")
    filter_horizontal = ("user_permissions",)
    autocomplete_fields = ("groups",)
    readonly_fields = ("last_login", "date_joined")
    change_password_form = ChangePasswordForm

    def get_readonly_fields(self, request: HttpRequest, obj: Account | None = None) -> Any:
        return (*self.readonly_fields, *(() if _is_superuser(request) else GRANTS))

    def has_change_permission(self, request: HttpRequest, obj: Account | None = None) -> bool:
        """Return whether the account may be changed.

        Only superusers change staff: anyone who sets a staff password gains that account's permissions.
        """
        return super().has_change_permission(request, obj) and _may_edit(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Account | None = None) -> bool:
        return super().has_delete_permission(request, obj) and _may_edit(request, obj)


@admin.register(Group)
class GroupAdmin(StrictAdmin, PlainGroupAdmin):
    """Groups grant permissions, so only superusers may change them."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return _is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_superuser(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_superuser(request)


def _is_superuser(request: HttpRequest) -> bool:
    return isinstance(request.user, Account) and request.user.is_superuser


def _may_edit(request: HttpRequest, account: Account | None) -> bool:
    return _is_superuser(request) or account is None or not (account.is_staff or account.is_superuser)
