"""Products, categories and tags."""

from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, router, transaction
from django.db.models import Q

from catalog.models.fields import (
    CleanTextField,
    TracedQuerySet,
    external_id_field,
    external_id_fits_urls,
    name_field,
    name_given,
)
from catalog.models.search_text import SEARCHED_COLUMNS, fold_products
from catalog.models.term import Term
from core.text import validate_text

MAX_STOCK = 2_147_483_647  # the largest 32-bit integer


class Category(Term):
    class Meta:
        verbose_name_plural = "categories"
        constraints = [name_given("category")]


class Tag(Term):
    class Meta:
        constraints = [name_given("tag")]


# The columns of a product that answers show, besides its id, its tags and whether it is available. The change
# feed notes a change of one of them (`catalog.triggers`).
SHOWN_COLUMNS = ("external_id", "name", "category", "brand", "price", "description")
# Not sold out: some left, or stock that is not tracked.
IN_STOCK = Q(stock__isnull=True) | Q(stock__gt=0)
MAY_BE_SHOWN = Q(is_active=True) & IN_STOCK


def is_in_stock(stock: int | None) -> bool:
    """Return whether a product with this stock matches IN_STOCK."""
    return stock is None or stock > 0


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
    price = models.DecimalField(max_digits=12, decimal_places=2, validators=[MinValueValidator(0)])
    stock = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MaxValueValidator(MAX_STOCK)],
        help_text="The number left. 0: sold out, and not recommended. Empty: not tracked.",
    )
    description = CleanTextField(blank=True, default="", validators=[validate_text])
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
                name="product_stock_in_range",
                condition=Q(stock__isnull=True) | Q(stock__range=(0, MAX_STOCK)),
                violation_error_message=f"Stock must be empty or a whole number from 0 to {MAX_STOCK}.",
            ),
        ]
        indexes = [
            models.Index("category", "id", name="product_by_category"),
            models.Index("price", "id", name="product_by_price"),
            models.Index("brand", "id", name="product_by_brand"),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the product. If a searched column may have changed, 2 more queries save its search text."""
        fields = kwargs.get("update_fields")
        if fields is not None and not set(fields) & set(SEARCHED_COLUMNS):
            super().save(*args, **kwargs)
            return
        using = kwargs.get("using") or router.db_for_write(type(self), instance=self)
        with transaction.atomic(using=using, savepoint=False):
            super().save(*args, **kwargs)
            fold_products(Product.objects.using(using).filter(pk=self.pk))
