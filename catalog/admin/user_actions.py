"""Admin action that merges selected users into another one."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from catalog.errors import CatalogError
from catalog.models import Interaction, User
from catalog.services.merging import merge_user
from core.admin.completion import LabelledAutocompleteSelect, LabelledChoiceField
from core.admin.deletion import MAX_SELECTED

if TYPE_CHECKING:
    from catalog.admin.user import UserAdmin


@admin.action(permissions=["merge"], description="Merge selected users into another one…")
def merge(modeladmin: "UserAdmin", request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse | None:
    users = list(queryset.order_by("pk")[: MAX_SELECTED + 1])
    if len(users) > MAX_SELECTED:
        text = f"Nothing was merged. Select at most {MAX_SELECTED} users at a time."
        modeladmin.message_user(request, text, messages.ERROR)
        return None
    form = _form(modeladmin, request)
    if not form.is_valid():
        return _ask(modeladmin, request, form, users)
    into: User = form.cleaned_data["into"]
    now, n_moved, n_repeated = timezone.now(), 0, 0
    try:
        with transaction.atomic():
            for user in users:
                done = merge_user(user={"pk": user.pk}, into={"pk": into.pk}, now=now)
                n_moved, n_repeated = n_moved + done.n_moved, n_repeated + done.n_repeated
                modeladmin.log_change(request, into, f"User {user.pk} was merged into this one.")
    except CatalogError as error:
        modeladmin.message_user(request, f"Nothing was merged. {error}", messages.ERROR)
        return None
    numbers = f"{n_moved:,} interactions moved, {n_repeated:,} were there already"
    text = f"{_users(len(users))} merged into “{into}”: {numbers}."
    modeladmin.message_user(request, text, messages.SUCCESS)
    return None


def _users(n: int) -> str:
    return "1 user was" if n == 1 else f"{n:,} users were"


def _form(modeladmin: "UserAdmin", request: HttpRequest) -> forms.Form:
    field: Any = Interaction._meta.get_field("user")
    form = forms.Form(request.POST if "answered" in request.POST else None)
    form.fields["into"] = LabelledChoiceField(
        User.objects.all(),
        label="Into",
        widget=LabelledAutocompleteSelect(field, modeladmin.admin_site),
    )
    return form


def _ask(modeladmin: "UserAdmin", request: HttpRequest, form: forms.Form, users: list[User]) -> HttpResponse:
    """Return the confirmation page, which submits the selection again."""
    n_events = Interaction.objects.filter(user__in=users).count()
    context = {
        **modeladmin.admin_site.each_context(request),
        "title": "Merge 1 user" if len(users) == 1 else f"Merge {len(users):,} users",
        "opts": modeladmin.opts,
        "media": modeladmin.media + form.media,
        "form": form,
        "action": "merge",
        "select_across": "0",
        "selected": [user.pk for user in users],
        "checkbox_name": helpers.ACTION_CHECKBOX_NAME,
        "notes": (
            f"{n_events:,} interactions become those of the user that you choose, the selected users are "
            "deleted, and their IDs lead to that user from now on. This cannot be undone."
        ),
    }
    return TemplateResponse(request, "admin/catalog/product/choose.html", context)
