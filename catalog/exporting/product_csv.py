"""Writes products as the file that `import_shop` reads, a line at a time; no cell of it can be run."""

import csv
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from catalog.cells import text_of
from catalog.columns import PRODUCTS
from catalog.models import Product
from catalog.selectors import ProductPage

AT_ONCE = 1_000
_BYTE_ORDER_MARK = (
    "\ufeff"  # without it some spreadsheets read UTF-8 as something else; the importer skips it
)


class _Line:
    """What csv writes to: it hands back what it is given."""

    def write(self, text: str) -> str:
        return text


def product_csv(products: QuerySet[Product]) -> Iterator[str]:
    """Yield the lines, the header first. 2 queries for every 1,000 products; memory holds as many."""
    line: Any = csv.writer(_Line())
    yield _BYTE_ORDER_MARK + line.writerow([column.name for column in PRODUCTS])
    # By their ids, as they may have been found by joins, slices and orders.
    rows = Product.objects.filter(pk__in=products.order_by().values("pk")).select_related("category")
    for product in rows.prefetch_related("tags").order_by("id").iterator(AT_ONCE):
        page = ProductPage.of(product)
        yield line.writerow([text_of(getattr(page, column.key)) for column in PRODUCTS])
