"""What the API reads of the catalogue, as querysets; each says how many queries it makes."""

from collections.abc import Collection

from django.db.models import Func, IntegerField, OuterRef, QuerySet, Subquery

from catalog.models import ActionType, Category, Interaction, Product, User
from catalog.models.product import ProductQuerySet


def products(*, inactive_too: bool) -> QuerySet[Product]:
    """Return products by id with category and tags: two queries, however many they are."""
    return _whole(Product.objects.all() if inactive_too else Product.objects.active())


def popular_products(categories: Collection[Category] = ()) -> QuerySet[Product]:
    """Return available products with `interaction_count`, most first, then id: two queries.

    categories: any of which will do; none for all products
    Dismissals are not counted. Each count is read from the index alone; products without an event come
    last, with 0.
    """
    events = Interaction.objects.filter(product=OuterRef("pk")).exclude(action_type=ActionType.DISMISS)
    available = Product.objects.available()
    if categories:
        available = available.filter(category__in=categories)
    return _whole(available).annotate(interaction_count=_count(events)).order_by("-interaction_count", "id")


def categories() -> QuerySet[Category]:
    """Return categories by name with `product_count`, which leaves inactive products out: one query."""
    inside = Product.objects.active().filter(category=OuterRef("pk"))
    return Category.objects.annotate(product_count=_count(inside)).order_by("name")


def shoppers() -> QuerySet[User]:
    """Return shoppers by id: one query."""
    return User.objects.shoppers().order_by("id")


def history(user: User) -> QuerySet[Interaction]:
    """Return the shopper's interactions newest first, with the products' names: one query."""
    return (
        Interaction.objects.filter(user=user)
        .select_related("product")
        .only("id", "product_id", "product__name", "action_type", "occurred_at")
        .newest_first()
    )


def _whole(rows: ProductQuerySet) -> ProductQuerySet:
    return rows.select_related("category").prefetch_related("tags").order_by("id")


def _count(rows: QuerySet[Interaction] | QuerySet[Product]) -> Subquery:
    """Return how many of the rows there are for each of the outer query, 0 when there are none.

    A plain COUNT(*): Django's Count would group first, which doubles the time.
    """
    count = Func(function="COUNT", template="%(function)s(*)", output_field=IntegerField())
    return Subquery(rows.annotate(n=count).values("n"))
