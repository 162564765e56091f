"""Parsers and response of POST /interactions/bulk: a JSON array or JSON lines."""

import hashlib
import re
from codecs import BOM_UTF8
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from catalog.services.bulk_interactions import MAX_ROWS, REPEATED, STORED, NotJson, Outcome
from core.api.json_text import outline, parse_json, parse_lines, too_many_elements
from core.api.parsers import read_body
from core.api.responses import to_json
from core.text import shown

MAX_BYTES = 5 << 20
MULTI_STATUS = 207
NO_ARRAY = "The body must be an array of events; send a single event to /interactions."
MAX_ELEMENTS = 100_000  # ten for each event
_LINE = re.compile(rb"[^ \t\r\n][^\n]*")  # that is not blank


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
        events = parse_json(body, max_elements=MAX_ELEMENTS)
        if not isinstance(events, list):
            raise ParseError(NO_ARRAY)
        return ParsedEvents(events, digest(body))


class JsonLinesParser(BaseParser):
    media_type = "application/x-ndjson"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Return ParsedEvents, without blank lines. Raises BodyTooLarge."""
        # A mark begins each of several files that were put together, too.
        body = read_body(stream, MAX_BYTES).replace(b"\n" + BOM_UTF8, b"\n")
        # One line beyond the limit is enough to detect too many; the rest is not parsed.
        lines = [found[0] for found in islice(_LINE.finditer(body), MAX_ROWS + 1)]
        return ParsedEvents(_events(lines, body), digest(body))


def response_body(outcomes: list[Outcome]) -> bytes:
    """Return the outcome of each event, and the counts of all, as JSON."""
    statuses = [outcome.status for outcome in outcomes]
    return to_json(
        {
            "count": len(outcomes),
            "stored": statuses.count(STORED),
            "repeated": statuses.count(REPEATED),
            "refused": sum(outcome.id is None for outcome in outcomes),
            "results": [_result(index, outcome) for index, outcome in enumerate(outcomes)],
        }
    )


def _events(lines: list[bytes], body: bytes) -> list[Any]:
    """Return the event in each line, NotJson for those that cannot be parsed. Raises BodyTooLarge."""
    if sum(map(body.count, (b",", b"[", b"{"))) <= MAX_ELEMENTS and (events := parse_lines(lines, body)):
        return events
    n_elements = sum(outline(line).n_elements for line in lines)
    if n_elements > MAX_ELEMENTS:
        raise too_many_elements(MAX_ELEMENTS)
    return [_event(line) for line in lines]


def _event(line: bytes) -> Any:
    try:
        return parse_json(line, max_elements=MAX_ELEMENTS, what="line")
    except ParseError as error:
        return NotJson(str(error.detail))


def digest(body: bytes) -> str:
    """Return the SHA-256 of the body."""
    return hashlib.sha256(body).hexdigest()


def _result(index: int, outcome: Outcome) -> dict[str, Any]:
    result = {"index": index, "status": outcome.status, "id": outcome.id}
    if outcome.id is not None:
        return result
    errors = [
        {"field": shown(error["field"]), "value": shown(error["value"]), "message": error["message"]}
        for error in outcome.errors
    ]
    return {**result, "errors": errors}
