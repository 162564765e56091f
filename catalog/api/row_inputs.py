"""Reads the rows of bulk requests for products and users: the values of the valid ones, errors of the others.

The serializers of single requests say what is valid. Most rows are plain, and reading them takes a tenth of
the time without a serializer: see `_plain_product`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any, Generic, TypeVar

import orjson
from django.core.exceptions import ValidationError
from rest_framework import serializers

from catalog import cells
from catalog.api.inputs import CleanCharField, Input, ProductInput, name_field
from catalog.importing.rows import ProductRecord, UserRecord
from catalog.merged_users import former_users
from catalog.models.attributes import Attributes, attributes_of
from catalog.models.product import MAX_STOCK, SALE, sale_faults
from catalog.services.bulk_interactions import REUSED, Faults, NotJson
from catalog.services.events import error_entry
from core.api.field_errors import field_errors
from core.text import (
    MAX_LENGTH,
    MAX_PATH_LENGTH,
    MAX_TAGS,
    MAX_TEXT_LENGTH,
    clean,
    cut,
    validate_external_id,
    validate_line,
    validate_text,
    validate_url,
)

R = TypeVar("R", ProductRecord, UserRecord)
# Of any scheme, host and characters that `validate_url` accepts, the usual ones.
_PLAIN_URL = re.compile(r"https?://[a-zA-Z0-9][a-zA-Z0-9.-]{0,250}(?:/[!#-;=?-Z_a-z~%-]{0,1500})?")


def external_id_field() -> CleanCharField:
    return CleanCharField(
        max_length=MAX_LENGTH, validators=[validate_external_id], help_text="The shop's own key."
    )


class ProductRowInput(ProductInput):
    """A product with the shop's own key. An omitted category, description or list of tags is removed."""

    external_id = external_id_field()


class UserRowInput(Input):
    """A user with the shop's own key."""

    id = serializers.IntegerField(read_only=True)
    external_id = external_id_field()
    name = name_field(help_text="The name used to address the person.")


@dataclass(frozen=True, slots=True)
class ReadRows(Generic[R]):
    """The rows of a request.

    valid:   by index; their external ids differ
    faults:  the errors of the others, by index
    status:  of those that are not simply invalid, by index
    present: the external ids that the request names, also in rows with errors
    """

    valid: dict[int, R] = field(default_factory=dict)
    faults: Faults = field(default_factory=Faults)
    status: dict[int, int] = field(default_factory=dict)
    present: set[str] = field(default_factory=set)

    def refuse(self, index: int, status: int, value: str, message: str) -> None:
        """Refuse a row because of its external id."""
        self.valid.pop(index, None)
        self.status[index] = status
        self.faults.note(index, error_entry(index, "external_id", value, message))


def read_products(sent: Sequence[object]) -> ReadRows[ProductRecord]:
    """Return the products. A row with one field of a sale has all: those that it lacks are null."""
    return _read(sent, _plain_product, ProductRowInput(), _product)


def read_users(sent: Sequence[object]) -> ReadRows[UserRecord]:
    """Return the users."""
    return _read(sent, _plain_user, UserRowInput(), lambda values: UserRecord(**values))


def _read(
    sent: Sequence[object],
    plain: Callable[[Mapping[str, Any]], dict[str, Any] | None],
    serializer: Any,
    record: Callable[[dict[str, Any]], R],
) -> ReadRows[R]:
    read: ReadRows[R] = ReadRows()
    first: dict[str, int] = {}
    try:
        for index, row in enumerate(sent):
            if isinstance(row, NotJson):
                read.faults.note(index, error_entry(index, None, None, row.problem))
                continue
            values = plain(row) if type(row) is dict else None
            if values is None:
                values, errors = _checked(row, serializer)
                for error in errors:
                    read.faults.note(
                        index, error_entry(index, error["field"], error["value"], error["message"])
                    )
            key = values["external_id"] if values else _named(row)
            if key is None:
                continue
            read.present.add(key)
            if values is None:
                continue
            if key in first:
                message = f"Row {first[key]} of this request has it, too; send each once."
                read.refuse(index, REUSED, key, message)
                continue
            first[key] = index
            read.valid[index] = record(values)
    finally:
        _free(serializer)
    return read


def _checked(row: object, serializer: Any) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    """Return the values of the row, or None and the errors."""
    try:
        return serializer.run_validation(row), []
    except serializers.ValidationError as error:
        return None, field_errors(error.detail, row if isinstance(row, Mapping) else {})


def _named(row: object) -> str | None:
    """Return the external id of a row with errors, None if that is one of them."""
    key = row.get("external_id") if isinstance(row, Mapping) else None
    if not isinstance(key, str) or len(key) > MAX_LENGTH:
        return None
    try:
        return _external_id(key)
    except ValidationError:
        return None


def _free(serializer: Any) -> None:
    """Break the references of the serializer and its fields to each other, as `validated` does."""
    for one in serializer.fields.values():
        if child := getattr(one, "child", None):
            child.parent = None
    vars(serializer).clear()


def _product(values: dict[str, Any]) -> ProductRecord:
    if any(name in values for name in SALE):
        values = {**dict.fromkeys(SALE), **values}
    values.setdefault("category", None)
    values.setdefault("description", "")
    values.setdefault("tags", [])
    return values  # type: ignore[return-value]


def _plain_product(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the values of a row that is certainly valid, as the serializer does, else None."""
    values = _plain(row, _PRODUCT)
    if values is None or not {"external_id", "name", "price"} <= values.keys():
        return None
    return None if sale_faults(values) else values


def _plain_user(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """As `_plain_product`."""
    values = _plain(row, _USER)
    return values if values is not None and {"external_id", "name"} <= values.keys() else None


def _plain(row: Mapping[str, Any], readers: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any] | None:
    values = {}
    for name, value in row.items():
        read = readers.get(name)
        if read is _ignored:
            continue
        if read is None:
            return None
        try:
            values[name] = read(value)
        except (ValidationError, _NotPlain):
            return None
    return values


class _NotPlain(Exception):
    """The serializer must say what the value is."""


def _text(value: Any, most: int = MAX_LENGTH) -> str:
    if type(value) is not str or len(value) > most:
        raise _NotPlain
    text = clean(value).strip()
    if len(text) > most:
        raise _NotPlain
    return text


def _line(value: Any) -> str:
    text = _text(value)
    validate_line(text)
    return text


def _name(value: Any) -> str:
    if not (text := _line(value)):
        raise _NotPlain
    return text


def _external_id(value: Any) -> str:
    text = _text(value)
    validate_external_id(text)
    return text


def _description(value: Any) -> str:
    text = _text(value, MAX_TEXT_LENGTH)
    validate_text(text)
    return text


@lru_cache(4096)
def _path(text: str) -> str:
    if any(len(part.strip()) > MAX_LENGTH for part in text.split(">")):
        raise _NotPlain
    return cells.category_path(text)


def _category(value: Any) -> str | None:
    if value is None:
        return None
    if type(value) is not str or len(value) > MAX_PATH_LENGTH or not value.strip():
        raise _NotPlain
    return _path(value.strip())


def _price(value: Any) -> Decimal:
    if type(value) not in (int, float):
        raise _NotPlain
    return cells.price(str(value))


def _sale_price(value: Any) -> Decimal | None:
    return None if value is None else _price(value)


def _stock(value: Any) -> int | None:
    if value is not None and (type(value) is not int or not 0 <= value <= MAX_STOCK):
        raise _NotPlain
    return value


def _time(value: Any) -> Any:
    if value is None:
        return None
    if type(value) is not str or len(value) > MAX_LENGTH or (at := cells.moment(value)) is None:
        raise _NotPlain
    return at


def _url(value: Any) -> str:
    if type(value) is not str:
        raise _NotPlain
    text = value.strip()
    if text and not _PLAIN_URL.fullmatch(text):
        validate_url(text)
    return text


def _tags(value: Any) -> list[str]:
    if type(value) is not list or len(value) > MAX_TAGS:
        raise _NotPlain
    return [_name(name) for name in value]


def _attributes(value: Any) -> Attributes:
    try:
        text = orjson.dumps(value)
    except orjson.JSONEncodeError:
        raise _NotPlain from None
    return _known_attributes(text) if len(text) <= MAX_LENGTH else attributes_of(value)


@lru_cache(4096)
def _known_attributes(text: bytes) -> Attributes:
    """Return the attributes of a JSON text; many products have the same."""
    return attributes_of(orjson.loads(text))


def _flag(value: Any) -> bool:
    if type(value) is not bool:
        raise _NotPlain
    return value


def _ignored(value: Any) -> None:
    """Fields that answers show and requests cannot change."""


_USER: Mapping[str, Callable[[Any], Any]] = {
    "id": _ignored,
    "external_id": _external_id,
    "name": _name,
}
_PRODUCT: Mapping[str, Callable[[Any], Any]] = {
    **_USER,
    "category": _category,
    "brand": _line,
    "group": _line,
    "price": _price,
    "sale_price": _sale_price,
    "sale_from": _time,
    "sale_until": _time,
    "stock": _stock,
    "url": _url,
    "image_url": _url,
    "description": _description,
    "tags": _tags,
    "attributes": _attributes,
    "is_active": _flag,
    "current_price": _ignored,
    "currency": _ignored,
}


def refuse_former(read: ReadRows[UserRecord]) -> None:
    """Refuse the rows of users that were merged into others. 1 query."""
    former = former_users(row.external_id for row in read.valid.values())
    for index, row in list(read.valid.items()):
        if (user_id := former.get(row.external_id)) is not None:
            message = f"{cut(row.external_id)!r} was merged into user {user_id}. Change that one."
            read.refuse(index, REUSED, row.external_id, message)
