"""Admin actions on selected products; each reports the number of products changed."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from catalog.exporting.product_csv import product_csv
from catalog.models import Product
from catalog.services import bulk_edit
from core.admin.completion import StrictAutocompleteSelect

if TYPE_CHECKING:
    from catalog.admin.product import ProductAdmin


@admin.action(permissions=["change"], description="Activate selected products")
def activate(modeladmin: "ProductAdmin", request: HttpRequest, queryset: QuerySet[Product]) -> None:
    total = queryset.count()
    n = bulk_edit.set_active(products=queryset, active=True)
    _report(modeladmin, request, n, total, done="activated", already="already active")


@admin.action(permissions=["change"], description="Deactivate selected products")
def deactivate(modeladmin: "ProductAdmin", request: HttpRequest, queryset: QuerySet[Product]) -> None:
    total = queryset.count()
    n = bulk_edit.set_active(products=queryset, active=False)
    _report(modeladmin, request, n, total, done="deactivated", already="already inactive")


@admin.action(permissions=["change"], description="Set the category of selected products…")
def set_category(
    modeladmin: "ProductAdmin", request: HttpRequest, queryset: QuerySet[Product]
) -> HttpResponse | None:
    total, form = queryset.count(), _choice(modeladmin, request, "category")
    if not form.is_valid():
        title = f"Set the category of {_products(total)}"
        return _ask(modeladmin, request, form, action="set_category", title=title)
    category = form.cleaned_data["category"]
    n = bulk_edit.set_category(products=queryset, category=category)
    _report(modeladmin, request, n, total, done=f"moved to “{category}”", already="already there")
    return None


@admin.action(permissions=["change"], description="Add a tag to selected products…")
def add_tag(
    modeladmin: "ProductAdmin", request: HttpRequest, queryset: QuerySet[Product]
) -> HttpResponse | None:
    total, form = queryset.count(), _choice(modeladmin, request, "tags")
    if not form.is_valid():
        title = f"Add a tag to {_products(total)}"
        return _ask(modeladmin, request, form, action="add_tag", title=title)
    tag = form.cleaned_data["tags"]
    n = bulk_edit.add_tag(products=queryset, tag=tag)
    _report(modeladmin, request, n, total, done=f"tagged “{tag}”", already="already tagged")
    return None


@admin.action(permissions=["view"], description="Export selected products as CSV")
def export_csv(
    modeladmin: "ProductAdmin", request: HttpRequest, queryset: QuerySet[Product]
) -> StreamingHttpResponse:
    name = f"products-{timezone.localdate()}.csv"
    return StreamingHttpResponse(
        product_csv(queryset),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _products(n: int) -> str:
    return "1 product" if n == 1 else f"{n:,} products"


def _report(
    modeladmin: "ProductAdmin", request: HttpRequest, n: int, total: int, *, done: str, already: str
) -> None:
    text = f"{_products(n)} {'was' if n == 1 else 'were'} {done}."
    if rest := total - n:
        text += f" {_products(rest)} {'was' if rest == 1 else 'were'} {already}."
    modeladmin.message_user(request, text, messages.SUCCESS)


def _choice(modeladmin: "ProductAdmin", request: HttpRequest, field_name: str) -> forms.Form:
    """Return the form for choosing one related row; it is bound once it was submitted."""
    field: Any = Product._meta.get_field(field_name)
    site, related = modeladmin.admin_site, field.related_model
    form = forms.Form(request.POST if "answered" in request.POST else None)
    form.fields[field_name] = forms.ModelChoiceField(
        related._default_manager.all(),
        label=related._meta.verbose_name.capitalize(),
        widget=RelatedFieldWidgetWrapper(
            StrictAutocompleteSelect(field, site),
            field.remote_field,
            site,
            can_add_related=site.get_model_admin(related).has_add_permission(request),
        ),
    )
    return form


def _ask(
    modeladmin: "ProductAdmin", request: HttpRequest, form: forms.Form, *, action: str, title: str
) -> HttpResponse:
    """Return the intermediate page of an action; it submits the same selection again."""
    across = request.POST.get("select_across", "0")
    selected = request.POST.getlist(helpers.ACTION_CHECKBOX_NAME)
    context = {
        "notes": "",
        **modeladmin.admin_site.each_context(request),
        "title": title,
        "opts": modeladmin.opts,
        "media": modeladmin.media + form.media,
        "form": form,
        "action": action,
        "select_across": across,
        "selected": selected[:1] if across == "1" else selected,
        "checkbox_name": helpers.ACTION_CHECKBOX_NAME,
    }
    return TemplateResponse(request, "admin/catalog/product/choose.html", context)
