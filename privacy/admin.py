"""Admin views that export and erase a user, and the read-only list of receipts."""

import logging
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from catalog.models import User
from core.admin.base import ReadOnlyModelAdmin
from privacy.errors import CacheUnreachable
from privacy.models import Receipt
from privacy.services.erase import count_rows, erase
from privacy.services.export import as_json, export

logger = logging.getLogger(__name__)


@admin.register(Receipt)
class ReceiptAdmin(ReadOnlyModelAdmin[Receipt]):
    list_display = ("action", "at", "by", "counts")
    list_select_related = ("by",)
    list_filter = ("action",)
    ordering = ("-at", "-id")
    sortable_by = ("at",)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("user/<int:user_id>/export/", view(require_POST(self.export_view)), name="privacy_export"),
            path("user/<int:user_id>/erase/", view(self.erase_view), name="privacy_erase"),
            *super().get_urls(),
        ]

    def export_view(self, request: HttpRequest, user_id: int) -> HttpResponse:
        """Return all data about the user as a file."""
        user = self._user(request, user_id, "privacy.export_user")
        account: Any = request.user
        document = as_json(export(user, by=account, now=timezone.now()))
        logger.info("User %d was exported by account %d.", user_id, account.pk)
        headers = {"Content-Disposition": f'attachment; filename="user-{user_id}.json"'}
        return HttpResponse(document, content_type="application/json", headers=headers)

    def erase_view(self, request: HttpRequest, user_id: int) -> HttpResponse:
        """Show what would be deleted and ask for confirmation; erase the user on POST."""
        user = self._user(request, user_id, "privacy.erase_user")
        if request.method != "POST":
            return self._confirmation(request, user)
        account: Any = request.user
        try:
            receipt = erase(user, by=account, now=timezone.now())
        except CacheUnreachable as error:
            self.message_user(request, str(error), messages.ERROR)
            return HttpResponseRedirect(reverse("admin:catalog_user_change", args=[user_id]))
        logger.info("A user was erased by account %d: receipt %d.", account.pk, receipt.pk)
        self.message_user(request, f"The user was erased: receipt {receipt.pk}.", messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:catalog_user_changelist"))

    def _confirmation(self, request: HttpRequest, user: User) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": "Erase this user?",
            "subtitle": str(user),
            "opts": self.opts,
            "media": self.media,
            "count": count_rows(user),
            "user_url": reverse("admin:catalog_user_change", args=[user.pk]),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/privacy/erase.html", context)

    def _user(self, request: HttpRequest, user_id: int, permission: str) -> User:
        """Return the user. Raises PermissionDenied, Http404."""
        account: Any = request.user
        if not account.has_perm(permission):
            raise PermissionDenied
        user: User | None = User.objects.filter(pk=user_id).first()
        if user is None:
            raise Http404("There is no such user.")
        return user
