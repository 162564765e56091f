"""Category admin."""

from django.contrib import admin

from catalog.admin.term import TermAdmin
from catalog.models import Category


@admin.register(Category)
class CategoryAdmin(TermAdmin[Category]):
    product_field = "category"
    instead_of_deleting = (
        "Move its products to another category first: in the product list, filter by this category, "
        "select all, and choose “Set the category of selected products…”."
    )
