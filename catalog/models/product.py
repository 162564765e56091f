"""Products, categories and tags."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, TypeVar

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Case, F, Q, When

from catalog.models.fields import (
    TracedQuerySet,
    external_id_field,
    external_id_fits_urls,
    name_field,
    name_given,
    url_field,
)
from core.text import MAX_LENGTH, validate_line, validate_text

MAX_STOCK = 2_147_483_647  # the largest 32-bit integer


class Category(models.Model):
    name = name_field(unique=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar = TracedQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "categories"
        constraints = [name_given("category")]

    def __str__(self) -> str:
        return self.name


class Tag(models.Model):
    name = name_field(unique=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar = TracedQuerySet.as_manager()

    class Meta:
        constraints = [name_given("tag")]

    def __str__(self) -> str:
        return self.name


# The columns of a product that answers show, besides its id, its tags and whether it is available. The change
# feed notes a change of one of them (`catalog.triggers`).
SHOWN_COLUMNS = (
    "external_id",
    "name",
    "category",
    "brand",
    "group",
    "price",
    "sale_price",
    "sale_from",
    "sale_until",
    "description",
    "url",
    "image_url",
)
# Not sold out: some left, or stock that is not tracked.
IN_STOCK = Q(stock__isnull=True) | Q(stock__gt=0)
MAY_BE_SHOWN = Q(is_active=True) & IN_STOCK


def is_in_stock(stock: int | None) -> bool:
    """Return whether a product with this stock matches IN_STOCK."""
    return stock is None or stock > 0


P = TypeVar("P", Decimal, float)
T = TypeVar("T", datetime, float)


def current_price(price: P, sale_price: P | None, sale_from: T | None, sale_until: T | None, now: T) -> P:
    """Return the sale price if now is from `sale_from` until just before `sale_until`, else the price."""
    if sale_price is None or (sale_from is not None and now < sale_from):
        return price
    return price if sale_until is not None and now >= sale_until else sale_price


def current_price_at(now: datetime) -> Case:
    """Return the same as an expression."""
    has_begun = Q(sale_from__isnull=True) | Q(sale_from__lte=now)
    lasts = Q(sale_until__isnull=True) | Q(sale_until__gt=now)
    return Case(When(has_begun & lasts, sale_price__isnull=False, then=F("sale_price")), default=F("price"))


def sale_faults(values: Mapping[str, Any], stored: "Product | None" = None) -> dict[str, str]:
    """Return what is wrong with a product's sale, by field.

    values: the new values; those of the stored product complete them
    """
    names = ("price", "sale_price", "sale_from", "sale_until")
    price, sale_price, begins, ends = [values.get(name, getattr(stored, name, None)) for name in names]
    faults = {}
    if price is not None and sale_price is not None and sale_price > price:
        if "sale_price" in values or stored is None:
            faults["sale_price"] = f"Must not be above price, {price:.2f}."
        else:
            faults["price"] = f"Must not be below sale_price, {sale_price:.2f}; change or remove that, too."
    if begins is not None and ends is not None and begins > ends:
        if "sale_until" in values or stored is None:
            faults["sale_until"] = f"Must not be before sale_from, {begins.isoformat()}."
        else:
            faults["sale_from"] = f"Must not be after sale_until, {ends.isoformat()}."
    return faults


class ProductQuerySet(TracedQuerySet["Product"]):
    def active(self) -> "ProductQuerySet":
        """Return the products that may be shown to shoppers."""
        return self.filter(is_active=True)

    def in_stock(self) -> "ProductQuerySet":
        """Return the products that are not sold out: with some left, or with untracked stock."""
        return self.filter(IN_STOCK)

    def sold_out(self) -> "ProductQuerySet":
        """Return the products with tracked stock and none left."""
        return self.filter(stock=0)

    def available(self) -> "ProductQuerySet":
        """Return the products that may be recommended: active and not sold out."""
        return self.filter(MAY_BE_SHOWN)


class Product(models.Model):
    external_id = external_id_field("product")
    name = name_field()
    category = models.ForeignKey(
        Category, on_delete=models.PROTECT, related_name="products", null=True, blank=True, db_index=False
    )
    brand = name_field(blank=True, default="")
    # GROUP is a word of SQL, so the column has another name.
    group = models.CharField(
        max_length=MAX_LENGTH,
        db_column="group_name",
        blank=True,
        default="",
        validators=[validate_line],
        help_text="What the variants of one article have in common. A list shows the best one of them only.",
    )
    price = models.DecimalField(max_digits=12, decimal_places=2, validators=[MinValueValidator(0)])
    sale_price = models.DecimalField(
        max_digits=12,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="Counts instead of the price while the sale lasts. Not above the price. Empty: no sale.",
    )
    sale_from = models.DateTimeField(
        null=True, blank=True, help_text="When the sale begins. Empty: it has begun."
    )
    sale_until = models.DateTimeField(
        null=True, blank=True, help_text="When the sale is over. Empty: it has no end."
    )
    stock = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MaxValueValidator(MAX_STOCK)],
        help_text="The number left. 0: sold out, and not recommended. Empty: not tracked.",
    )
    url = url_field("URL", "The product's page in the shop: http or https.")
    image_url = url_field("image URL", "The product's picture: http or https. This page shows https only.")
    description = models.TextField(blank=True, default="", validators=[validate_text])
    tags = models.ManyToManyField(Tag, related_name="products", blank=True)
    is_active = models.BooleanField(
        "active",
        default=True,
        help_text="Clear this instead of deleting the product: inactive products are not shown to shoppers.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True, db_index=True)

    objects = ProductQuerySet.as_manager()

    class Meta:
        constraints = [
            name_given("product"),
            external_id_fits_urls("product"),
            models.CheckConstraint(
                name="product_price_not_negative",
                condition=Q(price__gte=0),
                violation_error_message="A price must be zero or more.",
            ),
            models.CheckConstraint(
                name="product_sale_price_in_range",
                condition=Q(sale_price__isnull=True) | Q(sale_price__gte=0, sale_price__lte=F("price")),
                violation_error_message="A sale price must be zero or more, and not above the price.",
            ),
            models.CheckConstraint(
                name="product_sale_begins_before_it_ends",
                condition=Q(sale_from__isnull=True)
                | Q(sale_until__isnull=True)
                | Q(sale_from__lte=F("sale_until")),
                violation_error_message="A sale must not end before it begins.",
            ),
            models.CheckConstraint(
                name="product_stock_in_range",
                condition=Q(stock__isnull=True) | Q(stock__range=(0, MAX_STOCK)),
                violation_error_message=f"Stock must be empty or a whole number from 0 to {MAX_STOCK}.",
            ),
        ]
        indexes = [
            models.Index("category", "id", name="product_by_category"),
            models.Index("price", "id", name="product_by_price"),
            models.Index("brand", "id", name="product_by_brand"),
            models.Index("group", "id", name="product_by_group", condition=~Q(group="")),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if faults := sale_faults(vars(self)):
            raise ValidationError(faults)
