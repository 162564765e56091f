"""Parsers and response of POST /interactions/bulk: a JSON array or JSON lines."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any

import orjson
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from catalog.services.bulk_interactions import MAX_ROWS, REFUSED, REPEATED, STORED, NotJson, Outcome
from core.api.parsers import read_body
from core.api.renderers import to_json

MAX_BYTES = 8 << 20
MULTI_STATUS = 207
_MAX_VALUE_LENGTH = 200
_MAX_ERRORS = 10  # reported for one event


@dataclass(frozen=True, slots=True)
class ParsedEvents:
    """The parsed body. events: NotJson for each invalid line; digest: SHA-256 of the body"""

    events: list[Any]
    digest: str


NO_EVENTS = ParsedEvents([], "")


class JsonArrayParser(BaseParser):
    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Return ParsedEvents. Raises ParseError if the body is not a JSON array, BodyTooLarge."""
        body = read_body(stream, MAX_BYTES)
        try:
            events = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ParseError(f"The body is not valid JSON: {error}.") from error
        if not isinstance(events, list):
            raise ParseError("The body must be an array of events; send a single event to /interactions.")
        return ParsedEvents(events, _digest(body))


class JsonLinesParser(BaseParser):
    media_type = "application/x-ndjson"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Return ParsedEvents, without blank lines. Raises BodyTooLarge."""
        body = read_body(stream, MAX_BYTES)
        # One line beyond the limit is enough to detect too many; the rest is not parsed.
        lines = [line for line in body.split(b"\n") if line.strip()][: MAX_ROWS + 1]
        return ParsedEvents([_event(line) for line in lines], _digest(body))


def response_body(outcomes: list[Outcome]) -> bytes:
    """Return the outcome of each event, and the counts of all, as JSON."""
    statuses = [outcome.status for outcome in outcomes]
    return to_json(
        {
            "count": len(outcomes),
            "stored": statuses.count(STORED),
            "repeated": statuses.count(REPEATED),
            "refused": statuses.count(REFUSED),
            "results": [_result(index, outcome) for index, outcome in enumerate(outcomes)],
        }
    )


def _event(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return NotJson(f"The line is not valid JSON: {error}.")


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _result(index: int, outcome: Outcome) -> dict[str, Any]:
    result = {"index": index, "status": outcome.status, "id": outcome.id}
    if not outcome.errors:
        return result
    errors = [
        {"field": _shown(error["field"]), "value": _shown(error["value"]), "message": error["message"]}
        for error in outcome.errors[:_MAX_ERRORS]
    ]
    if (n_more := len(outcome.errors) - _MAX_ERRORS) > 0:
        errors.append({"field": None, "value": None, "message": f"And {n_more} more."})
    return {**result, "errors": errors}


def _shown(value: object) -> object:
    """Return the value for the response, shortened to 200 characters."""
    if value is None or isinstance(value, bool | int | float):
        return value
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return text if len(text) <= _MAX_VALUE_LENGTH else f"{text[:_MAX_VALUE_LENGTH]}…"
