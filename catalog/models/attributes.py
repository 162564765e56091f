"""Attributes of products: names, each with a list of texts, such as {"colour": ["red", "blue"]}."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError

from core.text import MAX_LENGTH, MAX_TEXT_LENGTH, clean, cut, validate_line

MAX_ATTRIBUTES = 50  # of one product
MAX_VALUES = 20  # of one attribute
SHAPE = 'must be a JSON object of names, each with a list of texts, such as {"colour": ["red", "blue"]}'

Attributes = dict[str, list[str]]


def attributes_of(value: Any) -> Attributes:
    """Return the attributes, names in order, without spaces around them and without values twice.

    Raises ValidationError that names the attribute, and what would be right.
    """
    if not isinstance(value, Mapping):
        raise ValidationError(SHAPE)
    if len(value) > MAX_ATTRIBUTES:
        raise ValidationError(f"has {len(value)} attributes; at most {MAX_ATTRIBUTES} are allowed")
    found: Attributes = {}
    for name, values in value.items():
        stripped = _text(name, f"the name {cut(str(name))!r}")
        what = f"the attribute {cut(stripped)!r}"
        if stripped in found:
            raise ValidationError(f"has {what} twice")
        if not isinstance(values, list | tuple) or not 1 <= len(values) <= MAX_VALUES:
            raise ValidationError(f"{what} must have a list of 1 to {MAX_VALUES} texts")
        found[stripped] = list(dict.fromkeys(_text(text, f"a value of {what}") for text in values))
    n_characters = sum(len(name) + sum(map(len, values)) for name, values in found.items())
    if n_characters > MAX_TEXT_LENGTH:
        raise ValidationError(f"has {n_characters:,} characters; at most {MAX_TEXT_LENGTH:,} are allowed")
    return dict(sorted(found.items()))


def _text(value: Any, what: str) -> str:
    """Return the text without spaces around it. what: how an error names it"""
    if not isinstance(value, str):
        raise ValidationError(f"{what} must be a text")
    text = clean(value).strip()
    if not 1 <= len(text) <= MAX_LENGTH:
        raise ValidationError(f"{what} must have 1 to {MAX_LENGTH} characters")
    try:
        validate_line(text)
    except ValidationError as error:
        message = str(error.message)
        raise ValidationError(f"{what} {message[:1].lower()}{message[1:].rstrip('.')}") from None
    return text
