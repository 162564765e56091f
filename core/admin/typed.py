"""Django's admin classes, subscriptable by model: `ModelAdmin[Product]` is checked by mypy only."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth import admin as auth_admin
from django.core.paginator import Paginator as PlainPaginator
from django.forms.models import BaseInlineFormSet as PlainInlineFormSet

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin
    TabularInline = admin.TabularInline
    InlineFormSet = PlainInlineFormSet
    Paginator = PlainPaginator
    UserAdmin = auth_admin.UserAdmin[Any]
else:

    class _Subscriptable:
        def __class_getitem__(cls, models: Any) -> type:
            return cls

    class ModelAdmin(_Subscriptable, admin.ModelAdmin):
        pass

    class TabularInline(_Subscriptable, admin.TabularInline):
        pass

    class InlineFormSet(_Subscriptable, PlainInlineFormSet):
        pass

    class Paginator(_Subscriptable, PlainPaginator):
        pass

    UserAdmin = auth_admin.UserAdmin

__all__ = ["InlineFormSet", "ModelAdmin", "Paginator", "TabularInline", "UserAdmin"]
