"""Product admin."""

from decimal import Decimal
from typing import Any

from csp.decorators import csp_update
from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.widgets import AdminIntegerFieldWidget
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString

from catalog.admin.product_actions import activate, add_tag, deactivate, export_csv, set_category
from catalog.admin.product_stock import StockFilter
from catalog.cells import without_zeros
from catalog.models import Interaction, Product
from catalog.models.product import SALE
from catalog.search.matching import containing_words
from core.admin import links
from core.admin.base import BaseModelAdmin
from core.admin.deletion import delete_selected
from core.admin.filters import DateRangeFilter, RelatedFilter
from core.admin.search import MAX_DIGITS, quoted_words


class CategoryFilter(RelatedFilter):
    field_name = "category"


class TagFilter(RelatedFilter):
    field_name = "tags"


class AmountField(forms.DecimalField):
    """Decimal number that may have zeros after its last decimal place, as exports write them."""

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]
        amount = super().to_python(value)
        return None if amount is None else without_zeros(amount)


class StockField(forms.IntegerField):
    """Whole number left. One below 0, of a product that was sold too often, becomes 0."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "min_value": None})

    def to_python(self, value: Any) -> int | None:
        left = super().to_python(value)
        return None if left is None else max(left, 0)


@admin.register(Product)
class ProductAdmin(BaseModelAdmin[Product]):
    max_body_bytes = settings.DATA_UPLOAD_MAX_MEMORY_SIZE  # a description of the maximum length
    list_display = ("name", "external_id", "category", "price", "stock_left", "is_active", "n_interactions")
    list_select_related = ("category",)
    list_filter = (
        "is_active",
        "awaits_import",
        StockFilter,
        CategoryFilter,
        TagFilter,
        ("created_at", DateRangeFilter),
        ("updated_at", DateRangeFilter),
    )
    search_fields = ("name", "description", "brand", "external_id")
    search_help_text = (
        "Words or parts of words of the name, description, brand and external ID; or the full ID."
    )
    ordering = ("name", "id")
    sortable_by = ("name", "external_id", "price", "stock_left")
    page_counts = {"n_interactions": "interactions"}
    instead_of_deleting = (
        "Clear “Active” instead: an inactive product is not shown to shoppers, and its interactions "
        "still count for their recommendations."
    )
    actions = (activate, deactivate, set_category, add_tag, export_csv, delete_selected)
    autocomplete_fields = ("category", "tags")
    formfield_overrides = {
        models.DecimalField: {"form_class": AmountField},
        models.PositiveIntegerField: {"form_class": StockField, "widget": AdminIntegerFieldWidget},
    }
    fieldsets = (
        (None, {"fields": ("name", "external_id", "price", "stock", "is_active")}),
        ("Sale", {"fields": SALE}),
        (
            "Description",
            {
                "fields": (
                    "category",
                    "brand",
                    "group",
                    "tags",
                    "description",
                    "attributes",
                    "url",
                    "image_url",
                )
            },
        ),
    )
    picture_and_history = (
        ("Picture", {"fields": ("picture",)}),
        ("History", {"fields": ("its_interactions", "awaits_import", "created_at", "updated_at")}),
    )
    readonly_fields = ("picture", "its_interactions", "awaits_import", "created_at", "updated_at")

    def get_fieldsets(self, request: HttpRequest, obj: Product | None = None) -> Any:
        return self.fieldsets if obj is None else (*self.fieldsets, *self.picture_and_history)

    # The browser may load the picture from any server, on this page only.
    @method_decorator(csp_update({"img-src": ["https:"]}))
    def change_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return super().change_view(request, *args, **kwargs)

    @admin.display(description="picture", empty_value="–")
    def picture(self, product: Product) -> str | None:
        """Return the picture, which the browser loads when it is scrolled to, without saying from where."""
        if not product.image_url.startswith("https://"):
            return product.image_url or None
        return format_html(
            '<img src="{}" alt="" class="product-picture" loading="lazy" referrerpolicy="no-referrer">',
            product.image_url,
        )

    def search(
        self, request: HttpRequest, queryset: QuerySet[Product], term: str
    ) -> tuple[QuerySet[Product], bool]:
        """Return the products that contain every word, and the one with that id. Quoted words are one."""
        ids = [int(term)] if term.isdecimal() and len(term) <= MAX_DIGITS else []
        return queryset.filter(containing_words(quoted_words(term), also=ids)), False

    @admin.display(description="stock", ordering="stock", empty_value="–")
    def stock_left(self, product: Product) -> str | None:
        if product.stock is None:
            return None
        return f"{product.stock:,}" if product.stock else "sold out"

    @admin.display(description="interactions")
    def n_interactions(self, product: Any) -> SafeString:
        return links.count_link(Interaction, product.n_interactions, product=product.pk)

    @admin.display(description="interactions")
    def its_interactions(self, product: Product) -> SafeString:
        return links.count_link(Interaction, product.interactions.count(), product=product.pk)
