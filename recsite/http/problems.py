"""Problem details (RFC 9457): the one shape of every error that leaves the API."""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from django.http import HttpResponse

from core.api.renderers import to_json

MEDIA_TYPE = "application/problem+json"
_LONGEST_VALUE = 200
_ERRORS_IN_DETAIL = 3
_MOST_ERRORS = 20  # besides those of the elements of a list, which is bounded where it is read

Fault = dict[str, Any]  # field, value, message; index where a list was sent


def problem(
    status: int, detail: str, *, errors: Sequence[Fault] = (), headers: Mapping[str, str] | None = None
) -> HttpResponse:
    """Return the problem document: type, title, status, detail, and errors when fields are at fault.

    Of very many errors the first are told, and how many there are besides.
    """
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if errors:
        document["errors"] = [
            {**fault, "field": _cut(fault["field"]), "value": _shown(fault["value"])}
            for fault in _first(errors)
        ]
    return HttpResponse(to_json(document), status=status, content_type=MEDIA_TYPE, headers=headers)


def sentence(errors: Sequence[Fault]) -> str:
    """Return the first faults in words: which field, what it holds, and what would be right."""
    told = [_told(fault) for fault in errors[:_ERRORS_IN_DETAIL]]
    if len(errors) > _ERRORS_IN_DETAIL:
        told.append("See errors for the rest.")
    return " ".join(told)


def faults(detail: Any, values: Mapping[str, Any]) -> list[Fault]:
    """Return DRF's nested validation messages as a flat list. values: what was sent, by field."""
    if not isinstance(detail, Mapping):
        return [{"field": None, "value": None, "message": str(message)} for message in _flat(detail)]
    return [fault for field, found in detail.items() for fault in _faults_of(field, found, values.get(field))]


def _faults_of(field: str, found: Any, value: Any) -> Iterable[Fault]:
    if isinstance(found, Mapping):  # an element of a list, by its position
        for index, messages in found.items():
            element = value[index] if isinstance(value, list) and isinstance(index, int) else value
            for message in _flat(messages):
                yield {"index": index, "field": field, "value": element, "message": str(message)}
        return
    for message in _flat(found):
        yield {"field": None if field == "non_field_errors" else field, "value": value, "message": message}


def _flat(messages: Any) -> Iterable[str]:
    if isinstance(messages, (list, tuple)):
        for message in messages:
            yield from _flat(message)
    else:
        yield str(messages)


def _first(errors: Sequence[Fault]) -> Sequence[Fault]:
    if len(errors) <= _MOST_ERRORS + 1 or "index" in errors[0]:
        return errors
    more = {"field": None, "value": None, "message": f"And {len(errors) - _MOST_ERRORS} more."}
    return [*errors[:_MOST_ERRORS], more]


def _told(fault: Fault) -> str:
    where = _cut(fault["field"]) or "The request"
    if "index" in fault:
        where = f"{where} (element {fault['index']})"
    if fault["value"] is not None:
        where = f"{where} is {_shown(fault['value'])!r}"
    return f"{where}: {fault['message']}"


def _shown(value: Any) -> Any:
    """Return the value as it may stand in an answer: JSON, and not a long one."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    text = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    return _cut(text)


def _cut(text: str | None) -> str | None:
    return text if text is None or len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"
