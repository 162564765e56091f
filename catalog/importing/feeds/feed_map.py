"""The TOML file of `import_feed --map`: which columns a feed has, and how it writes its values."""

import codecs
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, tzinfo
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from catalog.columns import EVENT_ID, EVENTS, PRODUCTS, USERS
from catalog.errors import CatalogError
from catalog.importing.feeds.rows import MappedRow, column_key, joined
from core.text import cut

MAX_BYTES = 1 << 20
KINDS = {
    "products": tuple(column.name for column in PRODUCTS),
    "users": tuple(column.name for column in USERS),
    "interactions": (*EVENTS, EVENT_ID),
}
NUMBERS = ("price", "sale_price")
TIMES = ("sale_from", "sale_until", "created_at")
_THOUSANDS = ("", ".", ",", " ", "'", "’", "\u00a0", "\u202f")
_NUMBERED_OFFSET = re.compile(r" (?=[+-]\d\d:?\d\d$)")


class InvalidFeedMap(CatalogError):
    """The file of `--map` cannot be used."""


@dataclass(frozen=True, slots=True)
class FeedMap:
    """How to read a feed.

    kind:               what a row is, if the feed is of no known format
    columns:            the feed's column of each of ours
    constants:          the value of a column of ours in every row
    encoding:           of the file; None: it is found
    separator:          between columns; None: it is found
    decimal, thousands: in prices: the decimal point, and what separates groups of three digits
    tag_separator:      between tags
    category_separator: between the levels of a category
    time_format:        of times, as Python's strptime; None: ISO 8601
    zone:               of times without an offset
    """

    kind: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    encoding: str | None = None
    separator: str | None = None
    decimal: str = "."
    thousands: str = ""
    tag_separator: str = "|"
    category_separator: str = ">"
    time_format: str | None = None
    zone: tzinfo = UTC

    @property
    def keys(self) -> list[tuple[str, str]]:
        """Our columns with those of the feed, as `column_key` writes them."""
        return [(name, column_key(theirs)) for name, theirs in self.columns.items()]

    def cell(self, name: str, text: str) -> str:
        """Return the cell of our column for one of the feed: tags and categories with our separators."""
        if name == "tags":
            return joined([tag for part in text.split(self.tag_separator) if (tag := part.strip())])
        if name == "category":
            return " > ".join(level.strip() for level in text.split(self.category_separator))
        return text

    def convert(self, row: MappedRow) -> None:
        """Write the row's prices and times as products.csv and interactions.csv have them.

        What is not written as the map says becomes a fault of the row.
        """
        for name in NUMBERS:
            if (self.decimal != "." or self.thousands) and (text := row.cells.get(name, "").strip()):
                number = self.number(text)
                if number is None:
                    row.add_fault(name, text, f"must be a number such as {self._example}")
                else:
                    row.cells[name] = number
        for name in TIMES:
            if text := row.cells.get(name, "").strip():
                time = self.time(text)
                if time is not None:
                    row.cells[name] = time
                elif self.time_format:
                    example = datetime(2026, 3, 31, 9, 50, tzinfo=UTC).strftime(self.time_format)
                    row.add_fault(name, text, f"must be a time such as {example}")

    def number(self, text: str) -> str | None:
        """Return the number with a decimal point and no other signs; None if the text is no such number."""
        point, group = re.escape(self.decimal), re.escape(self.thousands)
        whole = rf"\d{{1,3}}(?:{group}\d{{3}})+|\d+" if self.thousands else r"\d+"
        found = re.fullmatch(rf"([+-]?)({whole})(?:{point}(\d*))?", text, re.ASCII)
        if found is None:
            return None
        digits = found[2].replace(self.thousands, "") if self.thousands else found[2]
        return f"{found[1]}{digits}.{found[3] or '0'}"

    def time(self, text: str) -> str | None:
        """Return the time in ISO 8601 with its offset; None if the text is no such time."""
        try:
            if self.time_format:
                at = datetime.strptime(text, self.time_format)  # noqa: DTZ007  the zone follows
            else:
                at = datetime.fromisoformat(_NUMBERED_OFFSET.sub("", text.removesuffix(" UTC")))
            return (at if at.tzinfo else at.replace(tzinfo=self.zone)).isoformat()
        except (ValueError, OverflowError):
            return None

    @property
    def _example(self) -> str:
        return f"1{self.thousands}234{self.decimal}50"


def load_feed_map(path: Path) -> FeedMap:
    """Return the map of a file. Raises InvalidFeedMap, which names the key and what would be right."""
    try:
        with path.open("rb") as stream:
            text = stream.read(MAX_BYTES + 1)
        if len(text) > MAX_BYTES:
            raise InvalidFeedMap(f"{path.name} has more than {MAX_BYTES:,} bytes; it is no map of a feed.")
        given = tomllib.loads(text.decode("utf-8-sig"))
    except OSError as error:
        raise InvalidFeedMap(f"Cannot read {path}: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidFeedMap(f"{path.name} is not valid TOML: {error}.") from error
    try:
        return _checked(given)
    except ValueError as error:
        raise InvalidFeedMap(f"{path.name}: {error}.") from error


def _checked(given: dict[str, Any]) -> FeedMap:
    """Raises ValueError."""
    known = [each.name for each in fields(FeedMap) if each.name != "zone"]
    _only(given, [*known, "time_zone"], "key")
    kind = given.get("kind")
    if kind is not None and kind not in KINDS:
        raise ValueError(f"kind is {kind!r}; it must be {_either(KINDS)}")
    ours = KINDS[kind] if kind else KINDS["products"] + KINDS["interactions"]
    for name, value in given.items():
        if name in ("columns", "constants"):
            _check_table(name, value, ours)
        elif not isinstance(value, str):
            raise ValueError(f"{name} is {cut(repr(value))}; it must be a text")
    if twice := set(given.get("columns", ())) & set(given.get("constants", ())):
        raise ValueError(f"{min(twice)!r} is in [columns] and in [constants]; keep one of them")
    found = FeedMap(
        **{name: value for name, value in given.items() if name != "time_zone"},
        zone=_zone(given.get("time_zone", "UTC")),
    )
    _check_signs(found)
    return found


def _check_table(table: str, value: object, ours: Iterable[str]) -> None:
    if not isinstance(value, dict):
        raise ValueError(f'{table} must be a table: a line [{table}], and below it lines such as id = "…"')
    _only(value, ours, f"column in [{table}]")
    for name, text in value.items():
        if not isinstance(text, str) or (table == "columns" and not text.strip()):
            raise ValueError(f"{name} in [{table}] is {cut(repr(text))}; it must be a text")


def _check_signs(given: FeedMap) -> None:
    if given.separator is not None and (len(given.separator) != 1 or given.separator in '"\r\n'):
        raise ValueError(rf'separator is {given.separator!r}; it must be one character, such as ";" or "\t"')
    if given.decimal not in (".", ","):
        raise ValueError(f'decimal is {given.decimal!r}; it must be "." or ","')
    if given.thousands not in _THOUSANDS:
        raise ValueError(f'thousands is {given.thousands!r}; it must be ".", ",", " " or "\'"')
    if given.thousands == given.decimal:
        raise ValueError(f"decimal and thousands are both {given.decimal!r}; they must differ")
    for name in ("tag_separator", "category_separator"):
        if not getattr(given, name).strip(" "):
            raise ValueError(f'{name} must not be empty; give what is between two of them, such as ","')
    if given.time_format is not None and "%" not in given.time_format:
        raise ValueError(f'time_format is {given.time_format!r}; write it as in "%d.%m.%Y %H:%M"')
    if given.encoding is not None:
        try:
            is_text = codecs.lookup(given.encoding)._is_text_encoding
        except LookupError:
            is_text = False
        if not is_text:
            raise ValueError(
                f'encoding is {cut(given.encoding)!r}; it must be one such as "utf-8" or "cp1252"'
            )


def _zone(name: object) -> tzinfo:
    try:
        return ZoneInfo(name)  # type: ignore[arg-type]
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        raise ValueError(
            f'time_zone is {cut(repr(name))}; it must be a name such as "Europe/Berlin"'
        ) from None


def _only(given: Iterable[str], known: Iterable[str], what: str) -> None:
    known = list(known)
    for name in given:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            right = f"did you mean {near[0]!r}?" if near else f"it must be {_either(known)}"
            raise ValueError(f"{cut(name)!r} is no {what}; {right}")


def _either(names: Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}"
