"""Parses requests for recommendations, from a query string or a body, and checks each field."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.http import QueryDict

from core.references import read_reference
from core.text import MAX_LENGTH, validate_line
from recommendations.errors import BadRequest
from recommendations.serving.request import RecommendationRequest

MOST = 100
DEFAULT = 5
DEEPEST = 200  # offset + top_n at most
MOST_NAMED = 200  # categories, or products
MOST_UNKNOWN = 20  # fields that are told one by one
REPEATABLE = {"category", "exclude"}

_NUMBER = re.compile(r"[0-9]{1,18}")
_NUMBERS = re.compile(r"[0-9]{1,19}(,[0-9]{1,19})+")
_DECIMAL = re.compile(r"[0-9]{1,10}(\.[0-9]{1,18})?")
_PRICE = re.compile(r"[0-9]{1,10}(\.[0-9]{1,2}0*)?")


def of_query(sent: QueryDict, *, knows_inactive: Callable[[], bool]) -> RecommendationRequest:
    """Return the request in a query string. Raises BadRequest naming each parameter that is wrong.

    knows_inactive: whether the caller knows inactive products; asked only if products are named
    """
    texts: dict[str, Any] = {name: sent.getlist(name) if name in REPEATABLE else sent[name] for name in sent}
    fields = _checked({name: _typed(name, text) for name, text in texts.items()}, texts)
    return _request(fields, knows_inactive)


def categories(sent: QueryDict) -> tuple[str, ...]:
    """Return the categories that the query names, each once. Raises BadRequest."""
    given = sent.getlist("category")
    found: tuple[str, ...] = _checked({"category": given}, {"category": given})["category"]
    return found


def of_body(
    sent: object, *, known: tuple[str, ...], knows_inactive: Callable[[], bool]
) -> RecommendationRequest:
    """Return the request in a body. Raises BadRequest naming each field that is wrong or unknown."""
    if not isinstance(sent, Mapping):
        raise BadRequest(_fault(None, sent, f"Must be an object; its fields: {', '.join(known)}."))
    if unknown := [name for name in sent if name not in known]:
        message = f"Unknown field; known: {', '.join(known)}."
        errors = [_fault(name, sent[name], message) for name in unknown[:MOST_UNKNOWN]]
        if len(unknown) > MOST_UNKNOWN:
            errors.append(_fault(None, None, f"And {len(unknown) - MOST_UNKNOWN} more unknown fields."))
        raise BadRequest(*errors)
    given = {name: value for name, value in sent.items() if value is not None}
    return _request(_checked(given, given), knows_inactive)


def _request(fields: dict[str, Any], knows_inactive: Callable[[], bool]) -> RecommendationRequest:
    names_products = bool(fields.get("exclude") or fields.get("product_ids"))
    if "category" in fields:
        fields["categories"] = fields.pop("category")
    return RecommendationRequest(**fields, knows_inactive=names_products and knows_inactive())


def require_products(request: RecommendationRequest) -> None:
    """Raise BadRequest unless the request names products."""
    if not request.product_ids:
        message = f"Is missing; must be a list of 1 to {MOST_NAMED} products."
        raise BadRequest(_fault("product_ids", None, message))


def _checked(values: Mapping[str, Any], sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields as values. sent: as they were sent, for the errors"""
    read, errors = {}, []
    for name, value in values.items():
        try:
            read[name] = _FIELDS[name](value)
        except ValueError as error:
            errors.append(_fault(name, sent[name], str(error)))
    if errors:
        raise BadRequest(*errors)
    top_n, low, high = read.get("top_n", DEFAULT), read.get("min_price"), read.get("max_price")
    if read.get("offset", 0) + top_n > DEEPEST:
        message = f"Must be at most {DEEPEST - top_n}, for offset + top_n is at most {DEEPEST}."
        raise BadRequest(_fault("offset", sent["offset"], message))
    if low is not None and high is not None and low > high:
        raise BadRequest(_fault("min_price", sent["min_price"], f"Must not be above max_price, {high}."))
    return read


def _fault(field: str | None, value: object, message: str) -> dict[str, object]:
    return {"field": field, "value": value, "message": message}


def _typed(name: str, text: Any) -> Any:
    """Return a parameter's text as the value that a body would hold; as it is where it cannot be one."""
    if name in ("top_n", "offset"):
        return int(text) if _NUMBER.fullmatch(text) else text
    if name in ("min_price", "max_price", "diversity"):
        return Decimal(text) if _DECIMAL.fullmatch(text) else text
    if name == "exclude":
        return [
            named for given in text for named in (given.split(",") if _NUMBERS.fullmatch(given) else [given])
        ]
    return text


def _whole(low: int, high: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"Must be a whole number from {low} to {high}.")
        return value

    return read


def _share(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not 0 <= value <= 1:
        raise ValueError("Must be a number from 0 to 1, such as 0.3.")
    return float(value)


def _price(value: Any) -> Decimal:
    is_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    if not is_number or not _PRICE.fullmatch(str(value)):
        raise ValueError("Must be an amount of 0 or more with at most two decimals, such as 9.99.")
    return Decimal(str(value))


def _text(value: Any) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_LENGTH:
        raise ValueError(f"Must be a name of 1 to {MAX_LENGTH} characters.")
    try:
        validate_line(value)
    except ValidationError as error:
        raise ValueError(error.message) from error
    return value


def _several(read: Callable[[Any], Any]) -> Callable[[Any], tuple[Any, ...]]:
    def several(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or len(value) > MOST_NAMED:
            raise ValueError(f"Must be a list of at most {MOST_NAMED}.")
        return tuple(dict.fromkeys(map(read, value)))

    return several


def _newest_last(value: Any) -> tuple[int | str, ...]:
    """Return the references; of one that is given twice the last place counts."""
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_NAMED:
        raise ValueError(f"Must be a list of 1 to {MOST_NAMED} products, newest last.")
    return tuple(dict.fromkeys(map(read_reference, reversed(value))))[::-1]


_FIELDS: dict[str, Callable[[Any], Any]] = {
    "top_n": _whole(1, MOST),
    "offset": _whole(0, DEEPEST - 1),
    "diversity": _share,
    "strategy": _text,
    "category": _several(_text),
    "min_price": _price,
    "max_price": _price,
    "exclude": _several(read_reference),
    "product_ids": _newest_last,
}
