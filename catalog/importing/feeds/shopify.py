"""Shopify's exports of products and of orders."""

import json
from collections.abc import Iterator
from decimal import Decimal

from catalog.importing.feeds.orders import OrderExport
from catalog.importing.feeds.rows import LeftOut, MappedRow, Rows, SourceRow, joined
from catalog.importing.feeds.text import text_of, url_of

# The names since 2024, and those before, which are used here.
RENAMED = {
    "url handle": "handle",
    "description": "body (html)",
    "published on online store": "published",
    "sku": "variant sku",
    "price": "variant price",
    "compare-at price": "variant compare at price",
    "inventory tracker": "variant inventory tracker",
    "inventory quantity": "variant inventory qty",
    "continue selling when out of stock": "variant inventory policy",
    "product image url": "image src",
    "variant image url": "variant image",
}
PRODUCT_COLUMNS = ("handle", "title", "variant price")
ORDER_COLUMNS = ("name", "lineitem name", "lineitem quantity")
_ORIGIN = {
    "id": "variant sku",
    "name": "title",
    "category": "type",
    "price": "variant price",
    "description": "body (html)",
    "tags": "tags",
    "stock": "variant inventory qty",
    "is_active": "status",
    "brand": "vendor",
    "group": "handle",
    "sale_price": "variant price",
    "attributes": "option1 value",
    "image_url": "image src",
}
# A reduced variant: its own price is that of the sale.
_REDUCED = {**_ORIGIN, "price": "variant compare at price"}
# The columns that give one of ours; without them the stored values stay as they are.
_NEEDED = {
    "stock": {"variant inventory qty"},
    "is_active": {"status", "published"},
    "brand": {"vendor"},
    "attributes": {"option1 value"},
    "image_url": {"image src", "variant image"},
}
ORDERS = OrderExport(
    shop="shopify",
    order=("name",),
    status=("financial status",),
    user=("email",),
    user_name=("billing name",),
    at=("created at", "paid at"),
    sku=("lineitem sku",),
    quantity=("lineitem quantity",),
    cancelled=("cancelled at",),
    not_sold=frozenset({"refunded", "voided", "expired"}),
)
_NO, _YES = ("false", "0", "no"), ("true", "1", "yes", "continue")


def products(rows: Rows) -> Iterator[MappedRow | LeftOut]:
    """Yield the product of each variant. The first row of a handle has what its variants share.

    The id is the variant's SKU, by which orders name it. Without one it is the handle, and with options the
    handle and their values: "tee:red:m".
    """
    columns = set(rows.columns)
    names = [name for name in _ORIGIN if name not in _NEEDED or columns & _NEEDED[name]]
    first = None
    for row in rows:
        if first is None or row.text("handle") != first.text("handle"):
            first = row
        elif not (row.text("variant price") or row.text("option1 value")):
            yield LeftOut(row.line, "rows of further pictures")
            continue
        yield _product(first, row, names)


def _product(first: SourceRow, row: SourceRow, names: list[str]) -> MappedRow:
    options = _options(first, row)
    handle = row.text("handle")
    price, before = row.text("variant price"), row.text("variant compare at price")
    is_reduced = _amount(before) > _amount(price)
    cells = {
        "id": row.text("variant sku") or ":".join([handle, *map(_slug, options.values())]),
        "name": first.text("title"),
        "category": _category(first),
        "price": before if is_reduced else price,
        "description": text_of(first.text("body (html)")),
        "tags": joined([tag for text in first.text("tags").split(",") if (tag := text.strip())]),
        "stock": _stock(row),
        "is_active": "1" if _is_active(first) else "0",
        "brand": first.text("vendor"),
        "group": handle,
        "sale_price": price if is_reduced else "",
        "attributes": json.dumps({name: [value] for name, value in options.items()}, ensure_ascii=False),
        "image_url": url_of(row.text("variant image") or first.text("image src")),
    }
    return MappedRow(row.line, {name: cells[name] for name in names}, _REDUCED if is_reduced else _ORIGIN)


def _options(first: SourceRow, row: SourceRow) -> dict[str, str]:
    """Return the values of the variant's options by their names, which only the first row has."""
    found = {}
    for n in (1, 2, 3):
        name, value = first.text(f"option{n} name"), row.text(f"option{n} value")
        if name and value and (name, value) != ("Title", "Default Title"):
            found[name] = value
    return found


def _category(first: SourceRow) -> str:
    """Return the shop's own type, otherwise the path in Shopify's taxonomy."""
    found = first.text("type") or first.text("product category")
    return "" if found.casefold() == "uncategorized" else found


def _stock(row: SourceRow) -> str:
    """Return the quantity; "", not tracked, if nobody counts it or it is sold beyond it."""
    tracker = row.cells.get("variant inventory tracker", "shopify").strip()
    is_endless = row.text("variant inventory policy").casefold() in _YES
    return row.text("variant inventory qty") if tracker and not is_endless else ""


def _is_active(first: SourceRow) -> bool:
    return (first.text("status") or "active").casefold() == "active" and (
        first.text("published").casefold() not in _NO
    )


def _slug(value: str) -> str:
    return "-".join(value.replace("/", "-").casefold().split())


def _amount(text: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError:
        return Decimal(-1)
