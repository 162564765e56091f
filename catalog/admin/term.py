"""Base class of the category and tag admins: a name, and links to its products."""

from typing import Any, ClassVar, TypeVar

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from catalog.models import Category, Product, Tag
from core.admin import links
from core.admin.base import BaseModelAdmin

T = TypeVar("T", Category, Tag)


class TermAdmin(BaseModelAdmin[T]):
    # The field of Product that refers to the model.
    product_field: ClassVar[str]
    asked_for: tuple[str, ...] = ("name",)

    list_display = ("name", "n_products", "updated_at")
    sortable_by = ("name", "updated_at")
    search_fields = ("name",)
    ordering = ("name",)
    readonly_fields = ("its_products", "updated_at")
    page_counts = {"n_products": "products"}

    def get_fields(self, request: HttpRequest, obj: T | None = None) -> Any:
        return self.asked_for if obj is None else (*self.asked_for, *self.readonly_fields)

    @admin.display(description="products")
    def n_products(self, term: Any) -> SafeString:
        return links.count_link(Product, term.n_products, **{self.product_field: term.pk})

    @admin.display(description="products")
    def its_products(self, term: T) -> SafeString:
        return links.count_link(Product, term.products.count(), **{self.product_field: term.pk})
