"""Products whose search text is empty, because what changed them does not fold texts."""

from django.db import transaction

from catalog.models import Product, SearchText
from catalog.models.search_text import fold_products

BATCH = 10_000  # products


def fold_pending(using: str) -> int:
    """Fill the search texts of at most 10,000 products and return their number; 0 if no text is empty.

    Skips products that another transaction is changing. One transaction; 3 queries, on SQLite up to 33.
    """
    with transaction.atomic(using=using, savepoint=False):
        pending = SearchText.objects.using(using).pending().select_for_update(skip_locked=True)
        ids = list(pending.order_by("pk").values_list("pk", flat=True)[:BATCH])
        # A statement of its own, which sees the products as they are now that their texts are locked.
        return fold_products(Product.objects.using(using).filter(pk__in=ids)) if ids else 0


def fold_all_pending(using: str) -> int:
    """Fill all empty search texts, 10,000 in a transaction, and return their number."""
    n_products = 0
    while n := fold_pending(using):
        n_products += n
    return n_products
