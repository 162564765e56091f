"""The formats of feeds, and how the content of a file tells which of them it has."""

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from catalog.columns import EVENTS, PRODUCTS
from catalog.errors import CatalogError
from catalog.importing.csv_reader import opened_table
from catalog.importing.feeds import google, shopify, woocommerce
from catalog.importing.feeds.feed_map import FeedMap
from catalog.importing.feeds.mapped import check_columns, mapped
from catalog.importing.feeds.orders import OrderExport
from catalog.importing.feeds.rows import LeftOut, MappedRow, Rows, column_key
from catalog.importing.feeds.sources import TableRows, Unreadable, XmlRows
from catalog.importing.lines import LimitExceeded, open_bytes
from catalog.importing.report import ImportObserver, NullObserver, Problem, escaped
from catalog.importing.text_files import UTF_8, TextFile, survey

AUTO = "auto"
FAMILIES = ("google", "shopify", "woocommerce")
MAX_SHOWN_COLUMNS = 30
_START_BYTES = 4_096
_TABLES = "the columns of products.csv, users.csv or interactions.csv; import its directory with import_shop"
# The first bytes of files that are no feeds, and what to do.
_OTHER_FILES = (
    (b"PK\x03\x04", "is a ZIP archive or an Excel workbook; unpack it, or save it as CSV in UTF-8"),
    (b"\xd0\xcf\x11\xe0", "is an Excel workbook; save it as CSV in UTF-8"),
    (b"%PDF", "is a PDF"),
    (b"\x1f\x8b", "is packed by gzip; give it a name that ends in .gz"),
)
_PAGES = ("<!doctype html", "<html")

Mapper = Callable[[Rows, FeedMap, str], Iterator[MappedRow | LeftOut]]


class UnknownFormat(CatalogError):
    """The file is in no known format, or not in the one that was named."""


@dataclass(frozen=True, slots=True)
class Format:
    """A format of feeds.

    kind:    what its rows are: products, users or interactions; those of orders bring their users with them
    needed:  one column of each of these tells the format
    map:     returns the mapped rows of the rows, the map and the shop's currency
    renamed: the columns' names in the format's module, by other names that they have
    has_customers: whether rows of `interactions` bring their users with them
    """

    family: str
    title: str
    kind: str
    needed: tuple[Sequence[str], ...]
    map: Mapper
    renamed: Mapping[str, str] = field(default_factory=dict)
    has_customers: bool = False

    def fits(self, header: Sequence[str]) -> bool:
        columns = set(map(self.key, header))
        return all(columns.intersection(names) for names in self.needed)

    def key(self, name: str) -> str:
        """Return the name of a column in the format's module."""
        key = column_key(name)
        return self.renamed.get(key, key)


def _purchases(orders: OrderExport) -> Mapper:
    return lambda rows, feed_map, _: orders.with_columns(dict(feed_map.keys)).purchases(rows)


def _google(rows: Rows, _: FeedMap, currency: str) -> Iterator[MappedRow]:
    return google.products(rows, currency=currency)


_GOOGLE = Format(
    "google",
    "Google Merchant Center",
    "products",
    (*((name,) for name in google.REQUIRED), google.TYPICAL),
    _google,
    {f"g:{name}": name for name in google.ORIGIN.values()},
)
_FORMATS = (
    Format(
        "shopify",
        "Shopify's order export",
        "interactions",
        tuple((name,) for name in shopify.ORDER_COLUMNS),
        _purchases(shopify.ORDERS),
        has_customers=True,
    ),
    Format(
        "shopify",
        "Shopify's product export",
        "products",
        tuple((name,) for name in shopify.PRODUCT_COLUMNS),
        lambda rows, *_: shopify.products(rows),
        shopify.RENAMED,
    ),
    Format(
        "woocommerce",
        "WooCommerce's product export",
        "products",
        tuple((name,) for name in woocommerce.PRODUCT_COLUMNS),
        lambda rows, *_: woocommerce.products(rows),
    ),
    Format(
        "woocommerce",
        "a WooCommerce order export",
        "interactions",
        woocommerce.ORDERS.needed,
        _purchases(woocommerce.ORDERS),
        has_customers=True,
    ),
    _GOOGLE,
)


def _mapped(rows: Rows, feed_map: FeedMap, _: str) -> Iterator[MappedRow]:
    return mapped(rows, feed_map)


@dataclass(frozen=True, slots=True)
class FeedFile:
    """A file in a known format. header, separator: of a table; empty for XML"""

    format: Format
    file: TextFile
    header: tuple[str, ...] = ()
    separator: str = ""

    @property
    def name(self) -> str:
        return self.file.name

    @property
    def title(self) -> str:
        return f"{self.format.title}, in XML" if self.is_xml else self.format.title

    @property
    def is_xml(self) -> bool:
        return not self.header

    def rows(self, observer: ImportObserver, unreadable: Unreadable) -> TableRows | XmlRows:
        if self.is_xml:
            return XmlRows(self.file.path, observer, unreadable)
        keys = [self.format.key(name) for name in self.header]
        return TableRows(self.file, observer, keys, self.separator, unreadable)

    def own_name(self, key: str) -> str:
        """Return the name that the file has for a column of the format's module."""
        if self.is_xml:
            return key.replace(" ", "_")
        names = (name for name in self.header if self.format.key(name) == key)
        return next(names, key)


def recognized(path: Path, family: str, feed_map: FeedMap) -> FeedFile:
    """Return the file with its format.

    family: one of FAMILIES, or AUTO; a map with a `kind` stands for a format of its own
    Raises UnknownFormat, which names the columns of the file; InvalidFeedMap if the map does not fit them.
    """
    start = _start(path)
    if start.startswith("<"):
        if feed_map.kind or family not in (AUTO, "google"):
            raise UnknownFormat(f"{path.name} is XML; the format of such feeds is google.")
        return FeedFile(_GOOGLE, TextFile(path, UTF_8, _count_lines(path)))
    file, header, separator = _opened(path, feed_map)
    if feed_map.kind:
        check_columns(feed_map, header)
        own = Format("", f"{feed_map.kind} as the map says", feed_map.kind, (), _mapped)
        return FeedFile(own, file, header, separator)
    families = FAMILIES if family == AUTO else (family,)
    for found in _FORMATS:
        if found.family in families and found.fits(header):
            check_columns(feed_map, header)
            return FeedFile(found, file, header, separator)
    raise UnknownFormat(_unknown(path, family, header))


def _start(path: Path) -> str:
    """Return the beginning of the file in small letters. Raises UnknownFormat if it can be no feed."""
    if path.is_dir():
        raise UnknownFormat(f'"{path}" is a directory; give one file of it, or import it with import_shop.')
    try:
        with open_bytes(path, has_lines=False) as stream:
            start = stream.read(_START_BYTES)
    except FileNotFoundError:
        raise UnknownFormat(f'"{path}" does not exist.') from None
    except (OSError, EOFError, zlib.error, LimitExceeded) as error:
        raise UnknownFormat(f'Cannot read "{path}": {error}.') from None
    for mark, what in _OTHER_FILES:
        if start.startswith(mark):
            raise UnknownFormat(f"{path.name} {what}.")
    is_wide = start.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in start[:4]
    text = (start.replace(b"\0", b"") if is_wide else start).decode("latin-1")
    text = text.lstrip("\xff\xfe\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(("{", "[")):
        raise UnknownFormat(f"{path.name} is JSON; send it to the API, or export a table.")
    if text.startswith(_PAGES):
        raise UnknownFormat(f"{path.name} is a web page, not a feed; does its address need a login?")
    return text


def _count_lines(path: Path) -> int:
    """Return the number of lines, as far as the file is readable."""
    n_lines = 0
    try:
        with open_bytes(path, has_lines=False) as stream:
            while chunk := stream.read(1 << 20):
                n_lines += chunk.count(b"\n")
    except (OSError, EOFError, zlib.error, LimitExceeded):
        pass
    return n_lines + 1


def _opened(path: Path, feed_map: FeedMap) -> tuple[TextFile, tuple[str, ...], str]:
    """Return the table with its header and separator. Raises UnknownFormat."""
    observer = _FirstProblem()
    file = survey(path)
    if feed_map.encoding:
        file = replace(file, encoding=feed_map.encoding)
    with opened_table(file, observer, separator=feed_map.separator) as table:
        if observer.problem is not None:
            raise UnknownFormat(f"{observer.problem}.")
        if table is None or not table.header:
            raise UnknownFormat(f"{path.name} is empty.")
        return file, tuple(table.header), table.separator


class _FirstProblem(NullObserver):
    """Observer that keeps the first problem."""

    problem: Problem | None = None

    def found(self, problem: Problem) -> None:
        self.problem = self.problem or problem


def _unknown(path: Path, family: str, header: Sequence[str]) -> str:
    shown = ", ".join(escaped(name) or '""' for name in header[:MAX_SHOWN_COLUMNS])
    more = f" and {len(header) - MAX_SHOWN_COLUMNS} more" if len(header) > MAX_SHOWN_COLUMNS else ""
    what = "in no known format" if family == AUTO else f"not in the format {family}"
    keys = set(map(column_key, header))
    hint = "say in a file for --map which columns are which; docs/import.md has an example"
    if keys.issuperset(map(column_key, (column.name for column in PRODUCTS if not column.is_optional))) or (
        keys.issuperset(map(column_key, EVENTS))
    ):
        hint = f"it has {_TABLES}"
    elif any(key == "line items" or key.startswith(("line item 1", "product item 1")) for key in keys):
        hint = "if these are orders, export them with one row for each item"
    return f"{path.name} is {what}: {hint}. Its columns are {shown}{more}."
