"""Conversion between cells of the shop's CSV files and values; parsers raise ValidationError."""

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.core.exceptions import ValidationError

from catalog.models.attributes import SHAPE, Attributes, attributes_of
from catalog.models.product import MAX_STOCK
from core.text import (
    MAX_LENGTH,
    MAX_LEVELS,
    MAX_PATH_LENGTH,
    MAX_TAGS,
    PATH_SEPARATOR,
    clean,
    cut,
    validate_external_id,
    validate_line,
    validate_text,
    validate_url,
)

EARLIEST_YEAR, LATEST_YEAR = 1900, 9998
TIME_EXPECTED = (
    "must be a time such as 2026-03-01T09:00:00Z (ISO 8601; without an offset it is UTC) "
    f"from {EARLIEST_YEAR} to {LATEST_YEAR}"
)
# Unicode's space characters, tabs and line ends.
_BLANKS = " \t\r\n\u00a0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,6})?", re.ASCII)
_FLAGS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_WHOLE = re.compile(r"([+-]?)0*(\d{1,10})(?:\.0*)?", re.ASCII)
# The beginning of a formula in any spreadsheet program: after spaces, and after apostrophes added before.
_FORMULA = re.compile("'*\\s*[=+\\-@\uff1d\uff0b\uff0d\uff20\t\r\n]")
_NOT_FINITE = re.compile(r"[+-]?(?:s?nan|inf|infinity)\d*", re.ASCII | re.IGNORECASE)
_HIGHEST_PRICE, _CENT = Decimal("9999999999.99"), Decimal("0.01")


def strip_blanks(value: str) -> str:
    """Return the text without surrounding spaces. Keeps control characters, so that they are reported."""
    return clean(value).strip(_BLANKS)


def external_id(value: str) -> str:
    """Return the shop's own key. Raises ValidationError, as do the other parsers of values."""
    value = line(value)
    validate_external_id(value)
    return value


def name(value: str) -> str:
    if not (value := line(value)):
        raise ValidationError("must not be empty")
    return value


def user_name(value: str) -> str | None:
    """Return the name, or None for an empty cell."""
    return line(value) or None


def line(value: str) -> str:
    """Return a one-line text of at most 255 characters, which may be empty."""
    return _line(unescape_formula(strip_blanks(value)))


def category(value: str) -> str:
    """Return the path of a category, with " > " between its levels; "" for none."""
    return category_path(unescape_formula(strip_blanks(value)))


def category_path(value: str) -> str:
    """Return the path, with " > " between its levels: "A > B" for "A>B". Raises ValidationError."""
    if not value:
        return ""
    parts = [_line(part) for part in value.split(">")]
    if not all(parts):
        raise ValidationError("must have a name before and after each '>', which separates levels")
    if len(parts) > MAX_LEVELS:
        raise ValidationError(f"has {len(parts)} levels; at most {MAX_LEVELS} are allowed")
    path = PATH_SEPARATOR.join(parts)
    if len(path) > MAX_PATH_LENGTH:
        raise ValidationError(f"has {len(path)} characters; at most {MAX_PATH_LENGTH} are allowed")
    return path


def description(value: str) -> str:
    value = unescape_formula(strip_blanks(value))
    validate_text(value)
    return value


def tags(value: str) -> tuple[str, ...]:
    """Return the names separated by `|`, without duplicates, in the order of the file."""
    value = unescape_formula(strip_blanks(value))
    found = tuple(dict.fromkeys(tag for part in value.split("|") if (tag := _line(part))))
    if len(found) > MAX_TAGS:
        raise ValidationError(f"has {len(found)} tags; at most {MAX_TAGS} are allowed")
    return found


def attributes(value: str) -> Attributes:
    """Return the attributes of a JSON object; none for an empty cell."""
    value = strip_blanks(value)
    if not value:
        return {}
    try:
        found = json.loads(value, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise ValidationError(SHAPE) from None
    return attributes_of(found)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the fields of a JSON object. Raises ValidationError if one occurs twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValidationError(f"has {cut(twice)!r} twice")
    return found


def price(value: str) -> Decimal:
    value = strip_blanks(value)
    if _NOT_FINITE.fullmatch(value):
        raise ValidationError("must be a finite number")
    if not _NUMBER.fullmatch(value):
        hint = "; import_feed reads decimal commas, if a --map file says so" if "," in value else ""
        raise ValidationError(
            "must be a number such as 1234.50, with a decimal point, and without a thousands separator or a "
            f"currency{hint}"
        )
    amount = Decimal(value)
    if amount < 0:
        raise ValidationError("must be zero or more")
    if amount > _HIGHEST_PRICE:
        raise ValidationError(f"must be at most {_HIGHEST_PRICE}")
    amount = without_zeros(amount)
    exponent = amount.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -2:
        raise ValidationError("must have at most two decimal places")
    return abs(amount).quantize(_CENT)


def sale_price(value: str) -> Decimal | None:
    """Return the price, or None for an empty cell."""
    return price(value) if strip_blanks(value) else None


def without_zeros(amount: Decimal) -> Decimal:
    """Return the number without the zeros that follow its second decimal: 34.00 for 34.000000."""
    sign, digits, exponent = amount.as_tuple()
    if not isinstance(exponent, int) or exponent >= -2:
        return amount
    kept = len(digits)
    while exponent < -2 and kept and not digits[kept - 1]:
        kept, exponent = kept - 1, exponent + 1
    return Decimal((sign, digits[:kept] or (0,), exponent if kept else 0))


def stock(value: str) -> int | None:
    """Return the number left, or None for an empty cell: the stock is not tracked.

    Below 0, more were sold than there were: none is left.
    """
    value = strip_blanks(value)
    if not value:
        return None
    found = _WHOLE.fullmatch(value)
    if found is None or (left := int(found[2])) > MAX_STOCK:
        raise ValidationError(
            f"must be a whole number from 0 to {MAX_STOCK}, or empty if the stock is not tracked"
        )
    return 0 if found[1] == "-" else left


def flag(value: str) -> bool:
    try:
        return _FLAGS[strip_blanks(value).lower()]
    except KeyError:
        raise ValidationError("must be true or false (or 1, 0, yes, no)") from None


def url(value: str) -> str:
    """Return the http or https URL, which may be empty."""
    value = strip_blanks(value)
    if value:
        validate_url(value)
    return value


def time(value: str) -> datetime | None:
    """Return the time in UTC, or None for an empty cell."""
    value = strip_blanks(value)
    if not value:
        return None
    if (at := moment(value)) is None:
        raise ValidationError(TIME_EXPECTED)
    return at


@lru_cache(maxsize=4096)
def moment(value: str) -> datetime | None:
    """Return the time in UTC; None if the text is not an ISO 8601 time that every database can store."""
    try:
        at = datetime.fromisoformat(value)
        at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return at if EARLIEST_YEAR <= at.year <= LATEST_YEAR else None


def _line(value: str) -> str:
    """Return a one-line text of at most 255 characters without surrounding spaces."""
    value = strip_blanks(value)
    validate_line(value)
    if len(value) > MAX_LENGTH:
        raise ValidationError(f"has {len(value)} characters; at most {MAX_LENGTH} are allowed")
    return value


def format_cell(value: object) -> str:
    """Return the cell that the parsers above read as the value; spreadsheets do not run it as a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        value = "|".join(value)
    elif isinstance(value, Decimal):
        return f"{value:.2f}"
    elif isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False) if value else ""
    elif isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return escape_formula(str(value))


def escape_formula(value: str) -> str:
    """Return the value, prefixed with an apostrophe if a spreadsheet could run it as a formula.

    Spreadsheets treat a prefixed value as text. A value that already has such a prefix gets another one, so
    that `unescape_formula` restores every value.
    """
    return f"'{value}" if _FORMULA.match(value) else value


def unescape_formula(value: str) -> str:
    """Return the original of a value returned by `escape_formula`."""
    return value[1:] if value.startswith("'") and _FORMULA.match(value, 1) else value
