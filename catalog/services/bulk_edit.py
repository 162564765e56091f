"""Bulk changes of products, with a constant number of queries."""

from typing import Any

from django.db import connections, router, transaction
from django.db.models import Max, Q, QuerySet, Value
from django.db.models.constants import OnConflict

from catalog.models import Category, Product, Tag


def set_active(*, products: QuerySet[Product], active: bool) -> int:
    """Set `is_active` and return the number of products changed. 1 query.

    Products that wait for an import are inactive, and stay so when they are deactivated.
    """
    is_other = Q(is_active=not active) | Q(awaits_import=True)
    return _all_of(products).filter(is_other).update(is_active=active)


def set_category(*, products: QuerySet[Product], category: Category) -> int:
    """Set the category and return the number of products changed. 1 query."""
    return _all_of(products).exclude(category=category).update(category=category)


def add_tag(*, products: QuerySet[Product], tag: Tag) -> int:
    """Add the tag and return the number of products that did not have it. 3 queries in one transaction."""
    through = Product.tags.through
    links: QuerySet[Any] = through._default_manager.filter(tag=tag)
    lacking = _all_of(products).exclude(pk__in=links.values("product"))
    with transaction.atomic(using=router.db_for_write(through)):
        newest = through._default_manager.aggregate(newest=Max("pk"))["newest"] or 0
        _insert_links(through, lacking.annotate(its_tag=Value(tag.pk)).values_list("pk", "its_tag"))
        # Found by the new links, because the given queryset may select by tag or date; update() sets
        # updated_at.
        return Product.objects.filter(pk__in=links.filter(pk__gt=newest).values("product")).update()


def _all_of(products: QuerySet[Product]) -> QuerySet[Product]:
    """Return a queryset of the same products without joins, slices and order."""
    return Product.objects.filter(pk__in=products.order_by().values("pk"))


def _insert_links(through: type[Any], rows: QuerySet[Any, Any]) -> None:
    """Insert the (product, tag) pairs of a query with INSERT … SELECT, ignoring existing ones."""
    connection = connections[router.db_for_write(through)]
    quote, conflict = connection.ops.quote_name, OnConflict.IGNORE
    columns = [through._meta.get_field(name).column for name in ("product", "tag")]
    select, params = rows.query.get_compiler(connection=connection).as_sql()
    statement = " ".join(
        [
            connection.ops.insert_statement(on_conflict=conflict),
            quote(through._meta.db_table),
            f"({', '.join(map(quote, columns))})",
            select,
            connection.ops.on_conflict_suffix_sql([], conflict, [], []),
        ]
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
