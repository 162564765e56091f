"""API keys in the admin: create, rotate and revoke. The response to the form shows a new key, once.

There is no redirect after the form, since it would have to carry the key in the session or in the URL.
"""

from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
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
    unrevoked = list(keys.filter(revoked_at__isnull=True))
    for key in unrevoked:
        revoke_key(key=key, now=now)
        page.log_change(request, key, "Revoked.")
    message = f"{len(unrevoked)} revoked. Servers that used one recently accept it for up to 2 more seconds."
    page.message_user(request, message, messages.SUCCESS)


@admin.register(ApiKey)
class ApiKeyAdmin(StrictAdmin, _Admin):
    list_display = ("name", "prefix", "scopes", "state", "expires_at", "last_used_at", "created_by")
    list_select_related = ("created_by",)
    list_filter = (("revoked_at", admin.EmptyFieldListFilter),)
    search_fields = ("name", "=prefix")
    search_help_text = "Part of the name, or the complete prefix."
    ordering = ("-created_at", "-id")
    sortable_by = ("name", "expires_at", "last_used_at")
    list_per_page = 50
    show_full_result_count = False
    actions = (revoke,)
    change_form_template = "admin/access/apikey/change_form.html"

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        if obj is None:
            return ("name", "scopes", "expires_at")
        origin = ("created_at", "created_by", "replaces")
        return ("name", "prefix", "scopes", "state", "expires_at", "last_used_at", "revoked_at", *origin)

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        """Return every field but the name: an issued key cannot be changed, only replaced."""
        return () if obj is None else [name for name in self.get_fields(request, obj) if name != "name"]

    def get_form(
        self, request: HttpRequest, obj: ApiKey | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        if change:
            return super().get_form(request, obj, change, **kwargs)
        form = type("KeyForm", (KeyForm,), {"account": request.user})
        return super().get_form(request, obj, change, form=form, **kwargs)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.rotate)
        return [path("<int:pk>/rotate/", view, name="access_apikey_rotate"), *super().get_urls()]

    @admin.display(description="state")
    def state(self, key: ApiKey) -> str:
        return key.state(timezone.now())

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        created = make_key(
            name=obj.name,
            scopes=[Scope(name) for name in obj.scopes.split(" ")],
            now=timezone.now(),
            expires_at=obj.expires_at,
            created_by=cast(Account, request.user),
        )
        obj.__dict__.update(created.row.__dict__)
        cast(Any, request).created_key = created  # response_add shows it

    def response_add(
        self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self._key_page(request, cast(Any, request).created_key)

    def response_repeated(self, request: HttpRequest, obj: ApiKey) -> HttpResponse:
        """Return to the key's page. Its text was shown to the first form and is stored nowhere."""
        message = f"This form was sent twice and made one key, {obj}. If you have not seen it, rotate it."
        self.message_user(request, message, messages.WARNING)
        return HttpResponseRedirect(reverse("admin:access_apikey_change", args=[obj.pk]))

    def delete_model(self, request: HttpRequest, obj: ApiKey) -> None:
        delete_keys([obj])

    def delete_queryset(self, request: HttpRequest, queryset: "QuerySet[ApiKey]") -> None:
        delete_keys(list(queryset))

    def rotate(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask how long the old key stays valid, then show the new key."""
        key = self.get_object(request, str(pk))
        if key is None:
            raise Http404
        if not (self.has_add_permission(request) and self.has_change_permission(request, key)):
            raise PermissionDenied
        form = RotateForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            try:
                account = cast(Account, request.user)
                created = rotate_key(key=key, now=timezone.now(), overlap=form.overlap(), created_by=account)
            except BadKeyRequest as error:
                form.add_error(None, str(error))
            else:
                self.log_change(request, key, f"Rotated: replaced by {created.row.prefix}.")
                self.log_addition(request, created.row, f"Replaces {key.prefix}.")
                return self._key_page(request, created)
        return self._page(request, "rotate", key, title=f"Rotate {key}", form=form)

    def _key_page(self, request: HttpRequest, created: CreatedKey) -> HttpResponse:
        """Return the only page that ever shows the key."""
        title = f"New key: {created.row}"
        return self._page(request, "made", created.row, title=title, key_text=created.text)

    def _page(self, request: HttpRequest, name: str, key: ApiKey, **context: Any) -> HttpResponse:
        context |= {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": key,
            "list_url": reverse("admin:access_apikey_changelist"),
            "key_url": reverse("admin:access_apikey_change", args=[key.pk]),
        }
        return TemplateResponse(request, f"admin/access/apikey/{name}.html", context)
