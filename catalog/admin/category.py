"""Category admin."""

from django.contrib import admin

from catalog.admin.term import TermAdmin
from catalog.models import Category


@admin.register(Category)
class CategoryAdmin(TermAdmin[Category]):
    product_field = "category"
    list_display = ("path", "n_products", "updated_at")
    sortable_by = ("path", "updated_at")
    search_fields = ("path",)
    ordering = ("path",)
    autocomplete_fields = ("parent",)
    asked_for = ("name", "parent")
    instead_of_deleting = (
        "Move its products to another category first: in the product list, filter by this category, "
        "select all, and choose “Set the category of selected products…”."
    )
