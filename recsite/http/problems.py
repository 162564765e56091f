"""Problem details (RFC 9457), the format of all error responses of the API."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.http import HttpResponse

from core.api.field_errors import FieldError
from core.api.responses import to_json
from core.text import MAX_ERRORS, cut, shown

MEDIA_TYPE = "application/problem+json"
_ERRORS_IN_DETAIL = 3


def problem(
    status: int, detail: str, *, errors: Sequence[FieldError] = (), headers: Mapping[str, str] | None = None
) -> HttpResponse:
    """Return the problem document: type, title, status, detail, and errors if fields are invalid.

    If there are very many errors, it has the first ones and the number of the others.
    """
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if errors:
        document["errors"] = [
            {**error, "field": shown(error["field"]), "value": shown(error["value"])}
            for error in _first(errors)
        ]
    return HttpResponse(to_json(document), status=status, content_type=MEDIA_TYPE, headers=headers)


def summarize(errors: Sequence[FieldError]) -> str:
    """Return the first errors as text: the field, its value, and what is allowed."""
    texts = [_format(error) for error in errors[:_ERRORS_IN_DETAIL]]
    if len(errors) > _ERRORS_IN_DETAIL:
        texts.append("See errors for the rest.")
    return " ".join(texts)


def _first(errors: Sequence[FieldError]) -> Sequence[FieldError]:
    if len(errors) <= MAX_ERRORS + 1:
        return errors
    more = {"field": None, "value": None, "message": f"And {len(errors) - MAX_ERRORS} more."}
    return [*errors[:MAX_ERRORS], more]


def _format(error: FieldError) -> str:
    where = cut(error["field"] or "The request")
    if "index" in error:
        where = f"{where} (element {error['index']})"
    if error["value"] is not None:
        where = f"{where} is {shown(error['value'])!r}"
    return f"{where}: {error['message']}"
