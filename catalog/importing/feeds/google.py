"""Google Merchant Center: product data in XML, or as a table with the same names."""

import json
import re
from collections.abc import Iterator

from catalog.importing.feeds.rows import Fault, MappedRow, Rows, SourceRow, joined
from catalog.importing.feeds.text import line_of, text_of, url_of

REQUIRED = ("id", "title", "price")
# Columns by which a table is known as such a feed, besides the required ones; one is enough.
TYPICAL = ("link", "image link", "availability", "google product category", "product type", "gtin")
ORIGIN = {
    "id": "id",
    "name": "title",
    "category": "product type",
    "price": "price",
    "description": "description",
    "tags": "custom label 0",
    "stock": "availability",
    "brand": "brand",
    "group": "item group id",
    "sale_price": "sale price",
    "sale_from": "sale price effective date",
    "sale_until": "sale price effective date",
    "attributes": "color",
    "url": "link",
    "image_url": "image link",
}
_ATTRIBUTES = ("color", "size", "material", "pattern", "gender", "age group")
_SEVERAL = ("color", "material")  # up to three, with slashes between them
_LABELS = tuple(f"custom label {n}" for n in range(5))
_MONEY = re.compile(r"(?:([A-Za-z]{3})\s*)?([-+]?\d[\d.,'’\s]*?)\s*([A-Za-z]{3})?")
_FOR_SALE = ("in stock", "available for order", "limited availability", "preorder", "pre order", "backorder")
_SOLD_OUT = ("out of stock", "discontinued", "sold out")


def products(rows: Rows, *, currency: str) -> Iterator[MappedRow]:
    """Yield the product of each item. currency: that of the shop's prices

    A table has a value for each column that it has; an item in XML has one for every column, since it leaves
    out what is empty.
    """
    columns = set(rows.columns)
    sources = {"tags": set(_LABELS), "attributes": set(_ATTRIBUTES), "category": {"product type", _TAXONOMY}}
    optional = [
        name
        for name, column in ORIGIN.items()
        if not columns or columns & sources.get(name, {column}) or name in ("category", "description", "tags")
    ]
    for row in rows:
        mapped = MappedRow(row.line, {}, ORIGIN)
        cells = _cells(row, mapped, currency)
        mapped.cells = {name: cells[name] for name in optional}
        yield mapped


_TAXONOMY = "google product category"


def _cells(row: SourceRow, mapped: MappedRow, currency: str) -> dict[str, str]:
    sale_price = _money(row, "sale price", mapped, currency)
    sale_from, _, sale_until = row.text("sale price effective date").partition("/")
    return {
        "id": row.text("id"),
        "name": line_of(row.text("title")),
        "category": _category(row),
        "price": _money(row, "price", mapped, currency),
        "description": text_of(row.text("description")),
        "tags": joined([line_of(label) for column in _LABELS if (label := row.text(column))]),
        "stock": _stock(row, mapped),
        "brand": line_of(row.text("brand")),
        "group": row.text("item group id"),
        "sale_price": sale_price,
        "sale_from": sale_from if sale_price else "",
        "sale_until": sale_until if sale_price else "",
        "attributes": json.dumps(_attributes(row), ensure_ascii=False),
        "url": url_of(row.text("link")),
        "image_url": url_of(row.text("image link")),
    }


def _money(row: SourceRow, column: str, mapped: MappedRow, currency: str) -> str:
    """Return the amount without its currency, which must be the shop's if it is there."""
    text = row.text(column)
    found = _MONEY.fullmatch(text)
    if found is None:
        return text
    for code in (found[1], found[3]):
        if code and code.upper() != currency:
            message = (
                f"is in {code.upper()}, but the shop's prices are in {currency}, the setting CURRENCY; "
                f"give the feed with prices in {currency}"
            )
            mapped.faults.append(Fault(column, text, message))
    return found[2]


def _stock(row: SourceRow, mapped: MappedRow) -> str:
    """Return "0" if the product is sold out; "", not tracked, if it can be bought, now or ahead."""
    text = row.text("availability")
    word = " ".join(text.replace("_", " ").replace("-", " ").casefold().split())
    if word in _SOLD_OUT:
        return "0"
    if word and word not in _FOR_SALE:
        message = "must be in_stock, out_of_stock, preorder or backorder"
        mapped.faults.append(Fault("availability", text, message))
    return ""


def _category(row: SourceRow) -> str:
    """Return the shop's own path, otherwise Google's if it is written out, not a number."""
    own, googles = row.text("product type"), row.text(_TAXONOMY)
    several = own.split(",")
    if len(several) > 1 and all(">" in path for path in several):
        own = several[0]
    path = own or ("" if googles.isdigit() else googles)
    return " > ".join(level for part in line_of(path).split(">") if (level := part.strip()))


def _attributes(row: SourceRow) -> dict[str, list[str]]:
    found = {}
    for column in _ATTRIBUTES:
        values = row.text(column).split("/") if column in _SEVERAL else [row.text(column)]
        if values := [text for value in values if (text := line_of(value))]:
            found[column.replace(" ", "_")] = values
    return found
