"""API keys in the admin: made, rotated, revoked. A key stands once on the page that follows, nowhere else.

That page answers the form itself: a redirect would need the key in the session or in an address.
"""

from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from access.admin.key_form import KeyForm, RotateForm
from access.errors import BadKeyRequest
from access.models import Account, ApiKey
from access.scopes import Scope
from access.services.keys import CreatedKey, delete_keys, make_key, revoke_key, rotate_key
from core.admin.strict import StrictAdmin

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[ApiKey]
else:
    _Admin = admin.ModelAdmin


@admin.action(description="Revoke the selected keys", permissions=["change"])
def revoke(page: "ApiKeyAdmin", request: HttpRequest, keys: "QuerySet[ApiKey]") -> None:
    now = timezone.now()
    living = list(keys.filter(revoked_at__isnull=True))
    for key in living:
        revoke_key(key=key, now=now)
        page.log_change(request, key, "Revoked.")
    told = f"{len(living)} revoked. Servers that have just seen one let it in for 2 more seconds."
    page.message_user(request, told, messages.SUCCESS)


@admin.register(ApiKey)
class ApiKeyAdmin(StrictAdmin, _Admin):
    list_display = ("name", "prefix", "scopes", "state", "expires_at", "last_used_at", "created_by")
    list_select_related = ("created_by",)
    list_filter = (("revoked_at", admin.EmptyFieldListFilter),)
    search_fields = ("name", "=prefix")
    search_help_text = "A part of the name, or the whole prefix."
    ordering = ("-created_at", "-id")
    sortable_by = ("name", "expires_at", "last_used_at")
    list_per_page = 50
    show_full_result_count = False
    actions = (revoke,)
    change_form_template = "admin/access/apikey/change_form.html"

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        if obj is None:
            return ("name", "scopes", "expires_at")
        made = ("created_at", "created_by", "replaces")
        return ("name", "prefix", "scopes", "state", "expires_at", "last_used_at", "revoked_at", *made)

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        """A key that is out there stays what it is; another one takes its place."""
        return () if obj is None else [name for name in self.get_fields(request, obj) if name != "name"]

    def get_form(
        self, request: HttpRequest, obj: ApiKey | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        if change:
            return super().get_form(request, obj, change, **kwargs)
        form = type("KeyForm", (KeyForm,), {"asker": request.user})
        return super().get_form(request, obj, change, form=form, **kwargs)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.rotate)
        return [path("<int:pk>/rotate/", view, name="access_apikey_rotate"), *super().get_urls()]

    @admin.display(description="state")
    def state(self, key: ApiKey) -> str:
        return key.state(timezone.now())

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        if change:
            obj.save(update_fields=["name"])
            return
        made = make_key(
            name=obj.name,
            scopes=[Scope(name) for name in obj.scopes.split(" ")],
            now=timezone.now(),
            expires_at=obj.expires_at,
            created_by=cast(Account, request.user),
        )
        obj.__dict__.update(made.row.__dict__)
        cast(Any, request).made_key = made  # for the page that answers this very request

    def response_add(
        self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self._shown(request, cast(Any, request).made_key)

    def delete_model(self, request: HttpRequest, obj: ApiKey) -> None:
        delete_keys([obj])

    def delete_queryset(self, request: HttpRequest, queryset: "QuerySet[ApiKey]") -> None:
        delete_keys(list(queryset))

    def rotate(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask how long the old key shall go on, then show the new one."""
        key = self.get_object(request, str(pk))
        if key is None:
            raise Http404
        if not (self.has_add_permission(request) and self.has_change_permission(request, key)):
            raise PermissionDenied
        form = RotateForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            try:
                asker = cast(Account, request.user)
                made = rotate_key(key=key, now=timezone.now(), overlap=form.overlap(), created_by=asker)
            except BadKeyRequest as error:
                form.add_error(None, str(error))
            else:
                self.log_change(request, key, f"Rotated: {made.row.prefix} takes its place.")
                self.log_addition(request, made.row, f"Takes the place of {key.prefix}.")
                return self._shown(request, made)
        return self._page(request, "rotate", key, title=f"Rotate {key}", form=form)

    def _shown(self, request: HttpRequest, made: CreatedKey) -> HttpResponse:
        """Return the only page that ever holds the key."""
        return self._page(request, "made", made.row, title=f"New key: {made.row}", key_text=made.text)

    def _page(self, request: HttpRequest, name: str, key: ApiKey, **context: Any) -> HttpResponse:
        context |= {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": key,
            "list_url": reverse("admin:access_apikey_changelist"),
            "key_url": reverse("admin:access_apikey_change", args=[key.pk]),
        }
        return TemplateResponse(request, f"admin/access/apikey/{name}.html", context)
