"""Validation errors of REST framework as a flat list."""

from collections.abc import Iterable, Mapping
from typing import Any

FieldError = dict[str, Any]  # field, value, message; index if a list was sent


def field_errors(detail: Any, values: Mapping[str, Any]) -> list[FieldError]:
    """Return DRF's nested validation messages as a flat list. values: the sent values by field"""
    if not isinstance(detail, Mapping):
        return [{"field": None, "value": None, "message": str(message)} for message in _flat(detail)]
    return [
        error for field, nested in detail.items() for error in _errors_of(field, nested, values.get(field))
    ]


def _errors_of(field: str, nested: Any, value: Any) -> Iterable[FieldError]:
    if isinstance(nested, Mapping):  # elements of a list, by position
        for index, messages in nested.items():
            element = value[index] if isinstance(value, list) and isinstance(index, int) else value
            for message in _flat(messages):
                yield {"index": index, "field": field, "value": element, "message": str(message)}
        return
    for message in _flat(nested):
        yield {"field": None if field == "non_field_errors" else field, "value": value, "message": message}


def _flat(messages: Any) -> Iterable[str]:
    if isinstance(messages, (list, tuple)):
        for message in messages:
            yield from _flat(message)
    else:
        yield str(messages)
