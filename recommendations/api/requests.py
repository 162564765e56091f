"""Parses requests for recommendations from a query string or a body, and validates each field."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.http import QueryDict

from core.references import read_reference
from core.text import MAX_ERRORS, MAX_LENGTH, MAX_PATH_LENGTH, clean, cut, validate_line
from recommendations.errors import BadRequest
from recommendations.serving.request import RecommendationRequest
from recommendations.serving.results import PRODUCT_FIELDS

MAX_TOP_N = 100
DEFAULT_TOP_N = 5
MAX_DEPTH = 200  # of offset + top_n
MAX_USERS = 1_000  # of one request
MAX_NAMED = 200  # categories or products in one field
ATTRIBUTE = "attr."
MAX_ATTRIBUTES = 50
REPEATABLE = {"category", "group", "tag", "exclude", f"{ATTRIBUTE}NAME"}

_NUMBER = re.compile(r"[0-9]{1,18}")
_NUMBERS = re.compile(r"[0-9]{1,19}(,[0-9]{1,19})+")
_DECIMAL = re.compile(r"[0-9]{1,10}(\.[0-9]{1,18})?")
_PRICE = re.compile(r"[0-9]{1,10}(\.[0-9]{1,2}0*)?")


def from_query(query: QueryDict, *, sees_inactive_products: Callable[[], bool]) -> RecommendationRequest:
    """Return the request in a query string. Raises BadRequest naming each invalid parameter.

    sees_inactive_products: whether the caller may see them; called only if products are named
    """
    texts: dict[str, Any] = {
        name: query.getlist(name) if name in REPEATABLE or name.startswith(ATTRIBUTE) else query[name]
        for name in query
    }
    fields = _validated({name: _typed(name, text) for name, text in texts.items()}, texts)
    return _request(fields, sees_inactive_products)


def categories(query: QueryDict) -> tuple[str, ...]:
    """Return the categories in a query string, without duplicates. Raises BadRequest."""
    names = query.getlist("category")
    validated: tuple[str, ...] = _validated({"category": names}, {"category": names})["category"]
    return validated


def from_body(
    body: object, *, fields: tuple[str, ...], sees_inactive_products: Callable[[], bool]
) -> RecommendationRequest:
    """Return the request in a body. Raises BadRequest naming each invalid or unknown field."""
    if not isinstance(body, Mapping):
        raise BadRequest(_error(None, body, f"Must be an object with the fields {', '.join(fields)}."))
    if unknown := [name for name in body if name not in fields]:
        message = f"Unknown field; known: {', '.join(fields)}."
        errors = [_error(name, body[name], message) for name in unknown[:MAX_ERRORS]]
        if len(unknown) > MAX_ERRORS:
            errors.append(_error(None, None, f"And {len(unknown) - MAX_ERRORS} more unknown fields."))
        raise BadRequest(*errors)
    values = {name: value for name, value in body.items() if value is not None}
    return _request(_validated(values, values), sees_inactive_products)


def _request(fields: dict[str, Any], sees_inactive_products: Callable[[], bool]) -> RecommendationRequest:
    names_products = bool(fields.get("exclude") or fields.get("product_ids"))
    by_name = {name.removeprefix(ATTRIBUTE): name for name in fields if name.startswith(ATTRIBUTE)}
    if by_name:
        fields["attributes"] = tuple((name, fields.pop(by_name[name])) for name in sorted(by_name))
    for name, many in (("category", "categories"), ("group", "groups"), ("tag", "tags")):
        if name in fields:
            fields[many] = fields.pop(name)
    return RecommendationRequest(**fields, sees_inactive_products=names_products and sees_inactive_products())


def require_products(request: RecommendationRequest) -> None:
    """Raise BadRequest unless the request names products."""
    if not request.product_ids:
        message = f"Is missing; must be a list of 1 to {MAX_NAMED} products."
        raise BadRequest(_error("product_ids", None, message))


def _validated(values: Mapping[str, Any], sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields as the request holds them. sent: the fields as they were sent, for error messages"""
    fields: dict[str, Any] = {}
    errors = []
    for name, value in values.items():
        try:
            fields[name] = _attribute(name, value) if name.startswith(ATTRIBUTE) else _FIELDS[name](value)
        except ValueError as error:
            errors.append(_error(name, sent[name], str(error)))
    if errors:
        raise BadRequest(*errors)
    top_n, low, high = fields.get("top_n", DEFAULT_TOP_N), fields.get("min_price"), fields.get("max_price")
    if fields.get("offset", 0) + top_n > MAX_DEPTH:
        message = f"Must be at most {MAX_DEPTH - top_n}: offset + top_n must not exceed {MAX_DEPTH}."
        raise BadRequest(_error("offset", sent["offset"], message))
    if low is not None and high is not None and low > high:
        raise BadRequest(_error("min_price", sent["min_price"], f"Must not be above max_price, {high}."))
    return fields


def _error(field: str | None, value: object, message: str) -> dict[str, object]:
    return {"field": field, "value": value, "message": message}


def _typed(name: str, text: Any) -> Any:
    """Return a parameter's text as the value that a body would hold; the text itself if it is malformed."""
    if name in ("top_n", "offset"):
        return int(text) if _NUMBER.fullmatch(text) else text
    if name in ("min_price", "max_price", "diversity"):
        return Decimal(text) if _DECIMAL.fullmatch(text) else text
    if name == "exclude":
        return [
            reference
            for value in text
            for reference in (value.split(",") if _NUMBERS.fullmatch(value) else [value])
        ]
    if name == "fields":
        return text.split(",")
    return text


def _whole_number(low: int, high: int) -> Callable[[Any], int]:
    def parse(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"Must be a whole number from {low} to {high}.")
        return value

    return parse


def _fraction(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not 0 <= value <= 1:
        raise ValueError("Must be a number from 0 to 1, such as 0.3.")
    return float(value)


def _price(value: Any) -> Decimal:
    is_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    if not is_number or not _PRICE.fullmatch(str(value)):
        raise ValueError("Must be an amount of 0 or more with at most two decimals, such as 9.99.")
    return Decimal(str(value))


def _path(value: Any) -> str:
    if not isinstance(value, str):
        return _name(value)
    path = clean(value)
    for name in path.split(">"):
        _name(name.strip())
    if len(path) > MAX_PATH_LENGTH:
        raise ValueError(f"Must be a path of 1 to {MAX_PATH_LENGTH} characters.")
    return path


def _name(value: Any) -> str:
    value = clean(value) if isinstance(value, str) else value
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_LENGTH:
        raise ValueError(f"Must be a name of 1 to {MAX_LENGTH} characters.")
    try:
        validate_line(value)
    except ValidationError as error:
        raise ValueError(error.message) from error
    return value


def _attribute(parameter: str, value: Any) -> tuple[str, ...]:
    """Return the allowed values of the attribute that the parameter names."""
    _name(parameter.removeprefix(ATTRIBUTE))
    names: tuple[str, ...] = _list_of(_name)(value)
    return names


def _attributes(value: Any) -> tuple[tuple[str, tuple[str, ...]], ...]:
    if not isinstance(value, Mapping) or len(value) > MAX_ATTRIBUTES:
        raise ValueError(f"Must be an object of at most {MAX_ATTRIBUTES} names, each with a list of texts.")
    return tuple((_name(name), _list_of(_name)(value[name])) for name in sorted(value))


def _list_of(parse: Callable[[Any], Any]) -> Callable[[Any], tuple[Any, ...]]:
    def parse_list(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or len(value) > MAX_NAMED:
            raise ValueError(f"Must be a list of at most {MAX_NAMED}.")
        return tuple(dict.fromkeys(map(parse, value)))

    return parse_list


def _users(value: Any) -> tuple[int | str, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_USERS:
        raise ValueError(f"Must be a list of 1 to {MAX_USERS:,} users.")
    return tuple(map(read_reference, value))


def _session_products(value: Any) -> tuple[int | str, ...]:
    """Return the references, newest last. The last of several equal ones counts."""
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_NAMED:
        raise ValueError(f"Must be a list of 1 to {MAX_NAMED} products, newest last.")
    return tuple(dict.fromkeys(map(read_reference, reversed(value))))[::-1]


def _shown(value: Any) -> tuple[str, ...]:
    """Return the fields in the order of answers; none if all are named."""
    allowed = f"Allowed: {', '.join(PRODUCT_FIELDS)}."
    if not isinstance(value, list) or not value or not all(isinstance(name, str) for name in value):
        raise ValueError(f"Must be names of fields of a product. {allowed}")
    if unknown := [name for name in value if name not in PRODUCT_FIELDS]:
        raise ValueError(f"There is no field {cut(unknown[0])!r}. {allowed}")
    found = tuple(name for name in PRODUCT_FIELDS if name in value)
    return () if found == PRODUCT_FIELDS else found


_FIELDS: dict[str, Callable[[Any], Any]] = {
    "top_n": _whole_number(1, MAX_TOP_N),
    "offset": _whole_number(0, MAX_DEPTH - 1),
    "diversity": _fraction,
    "strategy": _name,
    "category": _list_of(_path),
    "group": _list_of(_name),
    "tag": _list_of(_name),
    "attributes": _attributes,
    "min_price": _price,
    "max_price": _price,
    "exclude": _list_of(read_reference),
    "product_ids": _session_products,
    "user_ids": _users,
    "fields": _shown,
}
