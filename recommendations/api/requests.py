"""What is asked of a placement, in the query or in the body, checked field by field."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.http import QueryDict

from core.references import EXPECTED, LARGEST_ID, BadReference, parse_reference
from core.text import MAX_LENGTH, validate_line
from recommendations import wiring
from recommendations.errors import BadAsk, UnknownStrategy
from recommendations.serving import naming
from recommendations.serving.filters import Filters
from recommendations.serving.results import ModelRef

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


@dataclass(frozen=True, slots=True)
class Asked:
    """What is wanted. strategy: None for the default; exclude: numbers, and texts for external ids."""

    top_n: int = DEFAULT
    offset: int = 0
    diversity: float = 0.0
    strategy: str | None = None
    category: tuple[str, ...] = ()
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    exclude: tuple[int | str, ...] = ()
    product_ids: tuple[int | str, ...] = ()

    def filters(self, *, inactive_too: bool) -> Filters:
        """Return the filters. Raises BadAsk for a name that nothing has.

        inactive_too: whether the asker may know inactive products
        """
        return naming.filters(
            categories=self.category,
            min_price=self.min_price,
            max_price=self.max_price,
            exclude=self.exclude,
            inactive_too=inactive_too,
        )

    def chosen(self) -> ModelRef:
        """Return the strategy with the active version of its model. Raises BadAsk listing the known ones."""
        try:
            return wiring.model_ref(self.strategy)
        except UnknownStrategy:
            known = ", ".join(sorted(wiring.config().strategies))
            raise BadAsk(_fault("strategy", self.strategy, f"Must be one of {known}.")) from None


def of_query(sent: QueryDict) -> Asked:
    """Return what the query asks for. Raises BadAsk naming each parameter that is wrong."""
    texts: dict[str, Any] = {name: sent.getlist(name) if name in REPEATABLE else sent[name] for name in sent}
    return _asked({name: _typed(name, text) for name, text in texts.items()}, texts)


def categories(sent: QueryDict) -> tuple[str, ...]:
    """Return the categories that the query names, each once. Raises BadAsk."""
    given = sent.getlist("category")
    return _asked({"category": given}, {"category": given}).category


def of_body(sent: object, *, known: tuple[str, ...]) -> Asked:
    """Return what the body asks for. Raises BadAsk naming each field that is wrong, unknown ones too."""
    if not isinstance(sent, Mapping):
        raise BadAsk(_fault(None, sent, f"Must be an object; its fields: {', '.join(known)}."))
    if unknown := [name for name in sent if name not in known]:
        message = f"Unknown field; known: {', '.join(known)}."
        errors = [_fault(name, sent[name], message) for name in unknown[:MOST_UNKNOWN]]
        if len(unknown) > MOST_UNKNOWN:
            errors.append(_fault(None, None, f"And {len(unknown) - MOST_UNKNOWN} more unknown fields."))
        raise BadAsk(*errors)
    given = {name: value for name, value in sent.items() if value is not None}
    return _asked(given, given)


def needed(given: tuple[int | str, ...], field: str) -> tuple[int | str, ...]:
    """Return what was given. Raises BadAsk when it is nothing."""
    if not given:
        raise BadAsk(_fault(field, None, f"Is missing; must be a list of 1 to {MOST_NAMED} products."))
    return given


def _asked(values: Mapping[str, Any], told: Mapping[str, Any]) -> Asked:
    """Return what is asked for. told: the values as they were sent, for the errors"""
    read, errors = {}, []
    for name, value in values.items():
        try:
            read[name] = _FIELDS[name](value)
        except ValueError as error:
            errors.append(_fault(name, told[name], str(error)))
    if errors:
        raise BadAsk(*errors)
    asked = Asked(**read)
    if asked.offset + asked.top_n > DEEPEST:
        message = f"Must be at most {DEEPEST - asked.top_n}, for offset + top_n is at most {DEEPEST}."
        raise BadAsk(_fault("offset", told["offset"], message))
    if asked.min_price is not None and asked.max_price is not None and asked.min_price > asked.max_price:
        raise BadAsk(
            _fault("min_price", told["min_price"], f"Must not be above max_price, {asked.max_price}.")
        )
    return asked


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


def _reference(value: Any) -> int | str:
    if isinstance(value, str):
        try:
            return parse_reference(value)
        except BadReference as error:
            raise ValueError(str(error)) from error
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LARGEST_ID:
        raise ValueError(f"Must be {EXPECTED}.")
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
    return tuple(dict.fromkeys(map(_reference, reversed(value))))[::-1]


_FIELDS: dict[str, Callable[[Any], Any]] = {
    "top_n": _whole(1, MOST),
    "offset": _whole(0, DEEPEST - 1),
    "diversity": _share,
    "strategy": _text,
    "category": _several(_text),
    "min_price": _price,
    "max_price": _price,
    "exclude": _several(_reference),
    "product_ids": _newest_last,
}
