"""Hints about a products.csv that is valid, but probably does not mean what it says."""

import re
from collections import Counter
from collections.abc import Iterator

from catalog.importing.rows import ProductRecord

_HTML = re.compile(r"</?[a-zA-Z][^<>]*>|&(?:[a-zA-Z]{2,8}|#\d{1,6});")
_ROUNDED = re.compile(r"\d[.,]\d+[eE]\+\d+")
_SHOWN = 60


class ProductHints:
    """Counts of the rows that look as if they were written by other rules than those of products.csv."""

    def __init__(self) -> None:
        self._n: Counter[str] = Counter()
        self._first: dict[str, str] = {}

    def add(self, row: ProductRecord) -> None:
        tags, category = tuple(row.get("tags", ())), row.get("category") or ""
        self._n["rows"] += 1
        self._n["tagged"] += bool(tags)
        self._n["bars"] += len(tags) > 1
        if len(tags) == 1 and "," in tags[0]:
            self._note("commas", tags[0])
        if any(">" in tag for tag in tags):
            self._note("tag paths", next(tag for tag in tags if ">" in tag))
        if ">" in category:
            self._note("category paths" if "," not in category else "category lists", category)
        elif "/" in category.strip("/"):
            self._note("slashes", category)
        if _HTML.search(row["name"]) or _HTML.search(row.get("description", "")):
            self._n["html"] += 1
        if _ROUNDED.fullmatch(row["external_id"]):
            self._note("rounded", row["external_id"])

    def _note(self, kind: str, text: str) -> None:
        self._n[kind] += 1
        self._first.setdefault(kind, text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")

    def notes(self) -> Iterator[str]:
        """Yield what is odd, and what to do."""
        n, first = self._n, self._first
        if n["commas"] > 1 and not n["bars"] and 2 * n["commas"] >= n["tagged"]:
            yield (
                f'{_rows(n["commas"])} commas in tags, and none has "|", so each is one tag, such as '
                f'"{first["commas"]}". Write "|" between tags, or name the separator in a file for '
                "import_feed --map, and import again"
            )
        if n["tag paths"]:
            yield (
                f'{_rows(n["tag paths"])} ">" in a tag, such as "{first["tag paths"]}". Tags have no levels; '
                "write a path into category"
            )
        if n["category paths"]:
            yield (
                f'{_rows(n["category paths"])} ">" in category, read as levels, such as '
                f'"{first["category paths"]}"'
            )
        if n["category lists"]:
            yield (
                f'{_rows(n["category lists"])} commas and ">" in category, read as one path, such as '
                f'"{first["category lists"]}". If it is a list, as WooCommerce writes it, keep one path, or '
                "import the original file with import_feed --format woocommerce"
            )
        if n["slashes"] > 1 and 2 * n["slashes"] >= n["rows"] and not n["category paths"]:
            yield (
                f'{_rows(n["slashes"])} "/" in category, read as part of a name, such as '
                f'"{first["slashes"]}". If it separates levels, write " > " instead'
            )
        if n["html"]:
            yield (
                f"{_rows(n['html'])} HTML in name or description, stored as it is. import_feed turns it into "
                "text"
            )
        if n["rounded"]:
            yield (
                f'{_rows(n["rounded"])} an id such as "{first["rounded"]}", as spreadsheets shorten long '
                "numbers. Format the column as text, and export again"
            )


def _rows(n: int) -> str:
    return "1 row has" if n == 1 else f"{n:,} rows have"
