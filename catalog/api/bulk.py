"""Parsers and responses of bulk requests: a JSON array or JSON lines of up to 10,000 rows."""

import hashlib
import re
from codecs import BOM_UTF8
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from catalog.services.bulk_interactions import MAX_ROWS, REPEATED, STORED, NotJson, Outcome
from core.api.json_text import outline, parse_json, parse_lines, too_many_elements
from core.api.parsers import read_body
from core.api.responses import to_json
from core.text import shown

MAX_BYTES = 5 << 20  # of events or users
MAX_PRODUCTS_BYTES = 16 << 20
MULTI_STATUS = 207
NO_ARRAY = "The body must be an array of events; send a single event to /interactions."
MAX_ELEMENTS = 100_000  # ten for each event
MAX_PRODUCTS_ELEMENTS = 500_000  # fifty for each product
NDJSON = {"type": "string", "description": "One line of JSON per element of the array."}
_LINE = re.compile(rb"[^ \t\r\n][^\n]*")  # that is not blank


@dataclass(frozen=True, slots=True)
class ParsedRows:
    """The parsed body. rows: NotJson for each invalid line; digest: SHA-256 of the body"""

    rows: list[Any]
    digest: str


_NO_ROWS = ParsedRows([], "")


def sent_rows(request: Request) -> ParsedRows:
    """Return the rows of the body; none for an empty one, for which REST framework calls no parser."""
    return request.data if isinstance(request.data, ParsedRows) else _NO_ROWS


class JsonArrayParser(BaseParser):
    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Return ParsedRows. Raises ParseError if the body is not a JSON array, BodyTooLarge."""
        view = (parser_context or {})["view"]
        body = read_body(stream, view.max_body_bytes)
        rows = parse_json(body, max_elements=view.max_body_elements)
        if not isinstance(rows, list):
            raise ParseError(view.no_array)
        return ParsedRows(rows, digest(body))


class JsonLinesParser(BaseParser):
    media_type = "application/x-ndjson"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Return ParsedRows, without blank lines. Raises BodyTooLarge."""
        view = (parser_context or {})["view"]
        # A mark begins each of several files that were put together, too.
        body = read_body(stream, view.max_body_bytes).replace(b"\n" + BOM_UTF8, b"\n")
        # One line beyond the limit is enough to detect too many; the rest is not parsed.
        lines = [found[0] for found in islice(_LINE.finditer(body), MAX_ROWS + 1)]
        return ParsedRows(_rows(lines, body, view.max_body_elements), digest(body))


def response_body(outcomes: list[Outcome]) -> bytes:
    """Return the outcome of each event, and the counts of all, as JSON."""
    statuses = [outcome.status for outcome in outcomes]
    counts = {
        "count": len(outcomes),
        "stored": statuses.count(STORED),
        "repeated": statuses.count(REPEATED),
        "refused": sum(outcome.id is None for outcome in outcomes),
    }
    return rows_body(counts, outcomes)


def rows_body(counts: Mapping[str, Any], outcomes: list[Outcome]) -> bytes:
    """Return the counts, and the outcome of each row, as JSON."""
    return to_json({**counts, "results": [_result(index, outcome) for index, outcome in enumerate(outcomes)]})


def _rows(lines: list[bytes], body: bytes, max_elements: int) -> list[Any]:
    """Return the object in each line, NotJson for those that cannot be parsed. Raises BodyTooLarge."""
    if sum(map(body.count, (b",", b"[", b"{"))) <= max_elements and (rows := parse_lines(lines, body)):
        return rows
    n_elements = sum(outline(line).n_elements for line in lines)
    if n_elements > max_elements:
        raise too_many_elements(max_elements)
    return [_row(line, max_elements) for line in lines]


def _row(line: bytes, max_elements: int) -> Any:
    try:
        return parse_json(line, max_elements=max_elements, what="line")
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
