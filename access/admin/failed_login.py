"""Recent failed logins. Deleting a row unlocks its username for its address."""

from typing import TYPE_CHECKING, Any

from axes.models import AccessAttempt
from django.contrib import admin
from django.http import HttpRequest

from core.admin.strict import StrictAdmin

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[AccessAttempt]
else:
    _Admin = admin.ModelAdmin


@admin.register(AccessAttempt)
class FailedLoginAdmin(StrictAdmin, _Admin):
    list_display = ("username", "ip_address", "failures_since_start", "attempt_time", "path_info")
    search_fields = ("=username", "=ip_address")
    search_help_text = "The complete username or address."
    ordering = ("-attempt_time", "-id")
    sortable_by = ("attempt_time", "failures_since_start")
    list_per_page = 50
    show_full_result_count = False
    # GET and POST data are left out: they add nothing.
    fields = (*list_display, "user_agent")
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
