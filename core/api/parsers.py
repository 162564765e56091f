"""The parser of JSON bodies, within the limits of their view."""

import codecs
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from core.api.json_text import BodyTooLarge, parse_json


class OrjsonParser(BaseParser):
    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Return the parsed body. Raises ParseError for invalid JSON, BodyTooLarge."""
        view = (parser_context or {})["view"]
        return parse_json(read_body(stream, view.max_body_bytes), max_elements=view.max_body_elements)


def read_body(stream: IO[Any], max_bytes: int) -> bytes:
    """Return the body, without a byte order mark.

    Raises BodyTooLarge when it has more bytes, and ParseError for UTF-16 and UTF-32.
    """
    body: bytes = stream.read(max_bytes + 1)
    if len(body) > max_bytes:
        raise BodyTooLarge(too_large(max_bytes))
    # Of JSON in UTF-16 or UTF-32, one of the first two bytes is 0 or they are the mark.
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in body[:2]:
        raise ParseError("The body is in UTF-16 or UTF-32; send JSON in UTF-8.")
    return body.removeprefix(codecs.BOM_UTF8)


def too_large(max_bytes: int) -> str:
    return f"The body is larger than {max_bytes:,} bytes; send it in smaller parts."
