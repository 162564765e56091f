"""WooCommerce's export of products, and exports of orders as the common plugins write them."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from catalog.importing.feeds.orders import OrderExport
from catalog.importing.feeds.rows import LeftOut, MappedRow, Rows, SourceRow, joined
from catalog.importing.feeds.text import line_of, text_of, url_of

PRODUCT_COLUMNS = ("id", "type", "sku", "name", "regular price")
ORDERS = OrderExport(
    shop="woocommerce",
    order=("order number", "order id", "order number formatted"),
    status=("order status", "status"),
    user=(
        "customer email",
        "billing email",
        "email (billing)",
        "billing email address",
        "customer id",
        "customer user id",
        "customer user",
    ),
    user_name=(
        "billing full name",
        "full name (billing)",
        "billing name",
        "first name (billing)",
        "last name (billing)",
        "billing first name",
        "billing last name",
    ),
    at=("order date", "date", "date created", "paid date", "date paid"),
    sku=("item sku", "sku", "product sku"),
    quantity=("item quantity", "quantity", "quantity (- refund)", "item qty", "qty"),
    product=("variation id", "item product id", "product id"),
    returned=("item refunded qty", "item refunded quantity"),
    not_sold=frozenset(
        {"cancelled", "canceled", "refunded", "failed", "pending", "pending payment", "trash", "draft"}
        | {"checkout-draft"}
    ),
)
_ORIGIN = {
    "id": "sku",
    "name": "name",
    "category": "categories",
    "price": "regular price",
    "description": "description",
    "tags": "tags",
    "stock": "stock",
    "is_active": "published",
    "brand": "brands",
    "group": "parent",
    "sale_price": "sale price",
    "sale_from": "date sale price starts",
    "sale_until": "date sale price ends",
    "attributes": "attribute 1 value(s)",
    "image_url": "images",
}
# The columns that give one of ours; without them the stored values stay as they are.
_NEEDED = {
    "stock": {"stock", "in stock?"},
    "is_active": {"published"},
    "brand": {"brands"},
    "group": {"parent"},
    "sale_price": {"sale price"},
    "sale_from": {"sale price"},
    "sale_until": {"sale price"},
    "attributes": {"attribute 1 name"},
    "image_url": {"images"},
}
_ATTRIBUTE = re.compile(r"attribute (\d+) name")
_NOT_SOLD_ITSELF = {"variable": "parents of variations", "grouped": "groups of other products"}
_COMMA = re.compile(r"(?<!\\),")
_BREAK = re.compile(r"\\(\\n|n)")


def products(rows: Rows) -> Iterator[MappedRow | LeftOut]:
    """Yield the product of each row that can be bought; variations have what they lack from their parent.

    The id is the SKU, by which order exports name it, otherwise "id:" and WooCommerce's own number.
    The rows are read twice: first for the parents, which are held in memory.
    """
    columns = set(rows.columns)
    names = [name for name in _ORIGIN if name not in _NEEDED or columns & _NEEDED[name]]
    numbers = [found[1] for name in rows.columns if (found := _ATTRIBUTE.fullmatch(name))]
    parents = _parents(rows)
    for row in rows:
        kinds = [kind.strip().casefold() for kind in row.text("type").split(",")]
        if why := next((_NOT_SOLD_ITSELF[kind] for kind in kinds if kind in _NOT_SOLD_ITSELF), None):
            yield LeftOut(row.line, why)
            continue
        parent = parents.get(row.text("parent").removeprefix("id:")) if "variation" in kinds else None
        cells = _cells(row, parent, numbers)
        yield MappedRow(row.line, {name: cells[name] for name in names}, _ORIGIN)


def _parents(rows: Rows) -> dict[str, SourceRow]:
    """Return the products with variations by their number and SKU."""
    found: dict[str, SourceRow] = {}
    for row in rows.unreported():
        if "variable" in row.text("type").casefold().split(", "):
            kept = SourceRow(row.line, {name: text for name, text in row.cells.items() if text})
            found |= {key: kept for name in ("id", "sku") if (key := row.text(name))}
    return found


def _cells(row: SourceRow, parent: SourceRow | None, numbers: list[str]) -> Mapping[str, str]:
    above = parent or row
    sale_price = row.text("sale price")
    category, others = _categories(row.text("categories") or above.text("categories"))
    tags = _list(row.text("tags") or above.text("tags"))
    attributes = _attributes(above, numbers) | _attributes(row, numbers)
    return {
        "id": row.text("sku") or f"id:{row.text('id')}",
        "name": line_of(row.text("name") or above.text("name")),
        "category": category,
        "price": row.text("regular price"),
        "description": _description(row) or _description(above),
        "tags": joined([*tags, *(name for name in others if name not in tags)]),
        "stock": _stock(row, above),
        "is_active": "1" if _is_shown(row) and _is_shown(above) else "0",
        "brand": next(iter(_list(row.text("brands") or above.text("brands"))), ""),
        "group": _group(row, parent),
        "sale_price": sale_price,
        "sale_from": row.text("date sale price starts") if sale_price else "",
        "sale_until": _end(row.text("date sale price ends")) if sale_price else "",
        "attributes": json.dumps(attributes, ensure_ascii=False),
        "image_url": url_of(next(iter(_list(row.text("images") or above.text("images"))), "")),
    }


def _list(text: str) -> list[str]:
    r"""Return the values between commas; "\," is a comma within one."""
    parts = (line_of(part.replace("\\,", ",")) for part in _COMMA.split(text))
    return [part for part in parts if part]


def _categories(text: str) -> tuple[str, list[str]]:
    """Return the deepest path, the first of several, and the names of paths that do not lead to it."""
    paths = [
        [level for part in path.split(">") if (level := part.strip())]
        for path in _list(text)
        if path.casefold() != "uncategorized"
    ]
    main = max(paths, key=len, default=[])
    others = dict.fromkeys(path[-1] for path in paths if path and path != main[: len(path)])
    return " > ".join(main), list(others)


def _description(row: SourceRow) -> str:
    r"""Return the text of the description, else of the short one. The export writes line ends as "\n"."""
    markup = row.text("description") or row.text("short description")
    return text_of(_BREAK.sub(lambda found: "\n" if found[1] == "n" else "\\n", markup))


def _stock(row: SourceRow, above: SourceRow) -> str:
    """Return how many are left; "", not tracked, if nobody counts them or it can be ordered beyond them."""
    if row.text("in stock?") == "0":
        return "0"
    left = above.text("stock") if row.text("stock") == "parent" else row.text("stock")
    is_endless = row.text("backorders allowed?") in ("1", "notify") or row.text("in stock?") == "backorder"
    return "" if is_endless else left


def _is_shown(row: SourceRow) -> bool:
    is_published = row.text("published") in ("1", "")
    return is_published and row.text("visibility in catalog") != "hidden"


def _group(row: SourceRow, parent: SourceRow | None) -> str:
    if parent:
        return parent.text("sku") or f"id:{parent.text('id')}"
    return row.text("parent")


def _end(day: str) -> str:
    """Return when a sale ends: a day without a time counts to its end."""
    try:
        return (date.fromisoformat(day) + timedelta(days=1)).isoformat()
    except (ValueError, OverflowError):
        return day


def _attributes(row: SourceRow, numbers: list[str]) -> dict[str, list[str]]:
    found = {}
    for number in numbers:
        name = line_of(row.text(f"attribute {number} name"))
        if name and (values := _list(row.text(f"attribute {number} value(s)"))):
            found[name] = values
    return found
