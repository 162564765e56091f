"""Wrong passwords of the last minutes; deleting a row lets its username in again from its address."""

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
    search_help_text = "The whole username, or the whole address."
    ordering = ("-attempt_time", "-id")
    sortable_by = ("attempt_time", "failures_since_start")
    list_per_page = 50
    show_full_result_count = False
    # Without what was sent along: it says nothing more.
    fields = (*list_display, "user_agent")
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
