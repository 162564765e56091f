"""Products, categories and tags."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, router, transaction
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Length, Replace
from django.db.models.lookups import Exact, LessThanOrEqual

from catalog.models.attributes import attributes_of
from catalog.models.fields import (
    CleanCharField,
    CleanTextField,
    TracedQuerySet,
    external_id_field,
    external_id_fits_urls,
    name_field,
    name_given,
    url_field,
)
from catalog.models.search_text import SEARCHED_COLUMNS, fold_products
from catalog.models.term import Term
from core.db.json_sql import JsonType
from core.text import (
    MAX_LENGTH,
    MAX_LEVELS,
    MAX_PATH_LENGTH,
    PATH_SEPARATOR,
    clean,
    comparable,
    validate_category_name,
    validate_text,
)

MAX_STOCK = 2_147_483_647  # the largest 32-bit integer
SALE = ("sale_price", "sale_from", "sale_until")


class Category(Term):
    """A category, which may be below another one. `path` names it: "Home > Kitchen > Cups".

    Its name is unique below its parent, whatever its case and Unicode form.
    """

    name = CleanCharField(max_length=MAX_LENGTH, validators=[validate_category_name])
    comparable_name = models.CharField(  # noqa: DJ001  empty for rows written by SQL
        max_length=MAX_LENGTH,
        null=True,
        editable=False,
        help_text="The name without case and Unicode form, which two rows below one must not share.",
    )
    parent = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        related_name="children",
        null=True,
        blank=True,
        db_index=False,
        help_text="The category above it. Empty: it is at the top.",
    )
    # Triggers keep it right, whichever program writes (`catalog.triggers`).
    path = models.CharField(max_length=MAX_PATH_LENGTH, unique=True, editable=False, db_default="")

    class Meta:
        verbose_name_plural = "categories"
        constraints = [
            name_given("category"),
            models.UniqueConstraint(fields=["parent", "comparable_name"], name="category_once_below_another"),
            models.UniqueConstraint(
                fields=["comparable_name"], condition=Q(parent__isnull=True), name="category_once_at_the_top"
            ),
            models.CheckConstraint(
                name="category_name_has_no_separator",
                condition=~Q(name__contains=">"),
                violation_error_message="A name must not contain '>', which separates the levels of a path.",
            ),
            models.CheckConstraint(
                name="category_path_in_bounds",
                condition=LessThanOrEqual(Length("path"), MAX_PATH_LENGTH)
                & LessThanOrEqual(
                    Length("path") - Length(Replace("path", Value(">"), Value(""))), MAX_LEVELS - 1
                ),
                violation_error_message=f"A path has at most {MAX_LEVELS} levels.",
            ),
        ]

    def __str__(self) -> str:
        return self.path

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        self.path = self.path_below(self.parent)
        if update_fields is not None:
            update_fields = {*update_fields, "path"}
        super().save(*args, update_fields=update_fields, **kwargs)

    def path_below(self, parent: "Category | None") -> str:
        """Return the path of a category of this name below the parent."""
        name = clean(self.name)
        return f"{parent.path}{PATH_SEPARATOR}{name}" if parent else name

    def clean(self) -> None:
        """Raise ValidationError if it cannot be below its parent, or another one is there with this name."""
        path, parent = self.path_below(self.parent), self.parent
        longest, deepest = len(path), path.count(">") + 1
        if self.pk and (stored := Category.objects.filter(pk=self.pk).first()):
            inside = stored.path + PATH_SEPARATOR
            if parent and (parent.pk == self.pk or parent.path.startswith(inside)):
                raise ValidationError({"parent": "Must not be the category itself or one below it."})
            below = list(Category.objects.filter(path__startswith=inside).values_list("path", flat=True))
            moved = [path + found.removeprefix(stored.path) for found in below]
            longest = max(map(len, [path, *moved]))
            deepest = max(found.count(">") + 1 for found in [path, *moved])
        if deepest > MAX_LEVELS:
            message = f"Is too deep: a path has at most {MAX_LEVELS} levels, with those below the category."
            raise ValidationError({"parent": message})
        if longest > MAX_PATH_LENGTH:
            message = f"The longest path has {longest} characters; at most {MAX_PATH_LENGTH} are allowed."
            raise ValidationError({"parent" if parent else "name": message})
        is_same = Q(comparable_name=comparable(self.name)) | Q(name=self.name)
        if Category.objects.filter(is_same, parent=parent).exclude(pk=self.pk).exists():
            raise ValidationError({"name": "Another category already has this name."})


class Tag(Term):
    class Meta:
        constraints = [name_given("tag")]


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
    "attributes",
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
    names = ("price", *SALE)
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

    def update(self, **kwargs: Any) -> int:
        """Update the rows. An import leaves those as they are whose activity somebody sets."""
        if "is_active" in kwargs:
            kwargs.setdefault("awaits_import", False)
        return super().update(**kwargs)


class Product(models.Model):
    external_id = external_id_field("product")
    name = name_field()
    category = models.ForeignKey(
        Category, on_delete=models.PROTECT, related_name="products", null=True, blank=True, db_index=False
    )
    brand = name_field(blank=True, default="")
    # GROUP is a word of SQL, so the column has another name.
    group = name_field(
        db_column="group_name",
        blank=True,
        default="",
        db_default="",
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
    description = CleanTextField(blank=True, default="", validators=[validate_text])
    attributes = models.JSONField(
        default=dict,
        db_default={},
        blank=True,
        help_text='Names, each with a list of texts, as JSON: {"colour": ["red", "blue"]}',
    )
    tags = models.ManyToManyField(Tag, related_name="products", blank=True)
    is_active = models.BooleanField(
        "active",
        default=True,
        help_text="Clear this instead of deleting the product: inactive products are not shown to shoppers.",
    )
    awaits_import = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="Inactive until an import has it: events named a product that did not exist, or an import "
        "no longer had it. Nobody has deactivated it by hand.",
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
                name="product_attributes_are_an_object",
                condition=Exact(JsonType("attributes"), Value("object")),
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

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the product. If a searched column may have changed, 2 more queries save its search text.

        An import leaves a product as it is whose activity somebody sets.
        """
        fields = kwargs.get("update_fields")
        if fields is not None and "is_active" in fields:
            self.awaits_import = False
            kwargs["update_fields"] = fields = {*fields, "awaits_import"}
        if fields is not None and not set(fields) & set(SEARCHED_COLUMNS):
            super().save(*args, **kwargs)
            return
        using = kwargs.get("using") or router.db_for_write(type(self), instance=self)
        with transaction.atomic(using=using, savepoint=False):
            super().save(*args, **kwargs)
            fold_products(Product.objects.using(using).filter(pk=self.pk))

    def clean(self) -> None:
        faults = sale_faults(vars(self))
        try:
            self.attributes = attributes_of({} if self.attributes is None else self.attributes)
        except ValidationError as error:
            faults["attributes"] = f"Not valid: {error.messages[0]}."
        if faults:
            raise ValidationError(faults)
